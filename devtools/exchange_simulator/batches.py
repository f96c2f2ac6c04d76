"""How an operation answers many inputs: each on its own, in order, or stopped part of the way (PROTOCOL 1.3)."""

from collections.abc import Callable, Iterable, Sequence

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.gaps import refuse
from devtools.exchange_simulator.soap import ItemError, Piece


def answered[Input](
    call: Call,
    inputs: Iterable[Input],
    one: Callable[[Input], Sequence[Piece]],
    *,
    empty: str = "",
) -> Iterable[Piece]:
    """Answer every input with `one`, whose ItemError becomes a message of class Error holding `empty`."""
    stopped = call.plan.get("batch_stopped")
    messages: list[Iterable[Piece]] = []
    for number, given in enumerate(inputs):
        try:
            if stopped and number >= stopped.after:
                raise ItemError("ErrorBatchProcessingStopped", "Processing of the batch stopped; it was not executed.")
            injected(call)
            messages.append(soap.success(call.operation, one(given)))
        except ItemError as error:
            messages.append(soap.failure(call.operation, error, empty))
    return soap.answer(call.operation, messages)


def injected(call: Call) -> None:
    """Raise the error that fault injection, or a gap of the server, wants in this response message."""
    refuse(call.operation, call.body, call.gaps)
    busy: Fault | None = call.plan.get("item_busy")
    if busy:
        wait = {} if busy.back_off_ms is None else {"BackOffMilliseconds": str(busy.back_off_ms)}
        raise ItemError("ErrorServerBusy", "The server cannot service this request right now.", values=wait)
    error = call.plan.get("error")
    if error:
        raise ItemError(error.code, error.text)
