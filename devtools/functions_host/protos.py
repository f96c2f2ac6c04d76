"""Stand-ins for the messages of Azure's FunctionRpc.proto, as far as azure-functions-runtime reads and builds them.

The runtime takes this module in place of the generated one (`request.properties["protos"]`). The names are the
protocol's own: https://github.com/Azure/azure-functions-language-worker-protobuf
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


class TypedData:
    """A value that is exactly one of `string`, `bytes`, `json`, `http` … : `TypedData(string="text")`."""

    __slots__ = ("kind", "value")

    def __init__(self, **one: Any) -> None:
        ((self.kind, self.value),) = one.items()

    def __getattr__(self, name: str) -> Any:
        if name == self.kind:
            return self.value
        raise AttributeError(name)

    def WhichOneof(self, _group: str) -> str:
        return self.kind


@dataclass(slots=True)
class ParameterBinding:
    name: str
    data: TypedData | None

    def WhichOneof(self, _group: str) -> str:
        return "data"


@dataclass(slots=True)
class NullableString:
    value: str


@dataclass(slots=True)
class NullableBool:
    value: bool


@dataclass(slots=True)
class NullableDouble:
    value: float


@dataclass(slots=True)
class Timestamp:
    seconds: int


@dataclass(slots=True)
class NullableTimestamp:
    value: Timestamp


class SameSite:
    Lax = "Lax"
    Strict = "Strict"
    ExplicitNone = "None"


# The member that means "not given" is called None, which Python cannot write as a class attribute.
setattr(SameSite, "None", "")


@dataclass(slots=True)
class RpcHttpCookie:
    SameSite = SameSite

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: str = ""
    max_age: NullableDouble | None = None


@dataclass(slots=True)
class RpcHttp:
    """A request on its way in (method, url, params, query) or an answer on its way out (status_code, cookies)."""

    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: TypedData | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    status_code: str = ""
    cookies: Sequence[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False


@dataclass(slots=True)
class RpcException:
    message: str
    stack_trace: str


@dataclass(slots=True)
class StatusResult:
    Failure = 0
    Success = 1

    status: int
    exception: RpcException | None = None


class BindingInfo:
    inout = 2
    out = 1
    undefined = 0

    def __init__(self, *, type: str, data_type: int | None, direction: int) -> None:
        self.type, self.data_type, self.direction = type, data_type, direction


@dataclass(slots=True, kw_only=True)
class RpcRetryOptions:
    max_retry_count: int
    retry_strategy: str
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


@dataclass(slots=True, kw_only=True)
class RpcFunctionMetadata:
    name: str
    function_id: str
    managed_dependency_enabled: bool
    directory: str
    script_file: str
    entry_point: str
    is_proxy: bool
    language: str
    bindings: Mapping[str, BindingInfo]
    raw_bindings: Sequence[str]
    retry_options: RpcRetryOptions | None
    properties: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class WorkerMetadata:
    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class WorkerInitRequest:
    function_app_directory: str
    capabilities: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class WorkerInitResponse:
    capabilities: Mapping[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass(slots=True, kw_only=True)
class FunctionMetadataResponse:
    use_default_metadata_indexing: bool
    function_metadata_results: Sequence[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass(slots=True)
class FunctionLoadRequest:
    function_id: str


@dataclass(slots=True, kw_only=True)
class FunctionLoadResponse:
    function_id: str
    result: StatusResult


@dataclass(slots=True)
class RpcTraceContext:
    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RetryContext:
    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


@dataclass(slots=True, kw_only=True)
class InvocationRequest:
    invocation_id: str
    function_id: str
    input_data: Sequence[ParameterBinding]
    trigger_metadata: Mapping[str, TypedData]
    trace_context: RpcTraceContext = field(default_factory=RpcTraceContext)
    retry_context: RetryContext = field(default_factory=RetryContext)


@dataclass(slots=True, kw_only=True)
class InvocationResponse:
    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: Sequence[ParameterBinding] = ()


@dataclass(slots=True, kw_only=True)
class StreamingMessage:
    """The envelope; exactly one of its requests is set."""

    worker_init_request: WorkerInitRequest | None = None
    functions_metadata_request: object | None = None
    function_load_request: FunctionLoadRequest | None = None
    invocation_request: InvocationRequest | None = None
