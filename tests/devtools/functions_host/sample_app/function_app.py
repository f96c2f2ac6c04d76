"""A small app for the tests of the local host: it records its calls, and waits at gates that a test opens."""

import asyncio
import base64
import json
from collections import defaultdict
from typing import Any

import azure.functions as func
from fastapi import FastAPI, Request

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
recorded = asyncio.Condition()
gates: dict[str, asyncio.Event] = defaultdict(asyncio.Event)


async def record(token: str, **facts: Any) -> None:
    async with recorded:
        calls[token].append(facts)
        recorded.notify_all()


def as_json(value: object) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), mimetype="application/json")


# --- what the tests steer it by ---------------------------------------------------------------------------------------


@app.route(route="calls/{token}", methods=["GET"])
async def get_calls(req: func.HttpRequest) -> func.HttpResponse:
    """The calls with this token, once there are `at_least` so many."""
    token, at_least = req.route_params["token"], int(req.params.get("at_least", "0"))
    async with recorded:
        await recorded.wait_for(lambda: len(calls[token]) >= at_least)
        return as_json(calls[token])


@app.route(route="gates/{token}", methods=["POST"])
async def open_gate(req: func.HttpRequest) -> func.HttpResponse:
    gates[req.route_params["token"]].set()
    return func.HttpResponse(status_code=204)


# --- HTTP -------------------------------------------------------------------------------------------------------------


@app.route(route="echo/{name}")
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    return as_json(
        {
            "method": req.method,
            "url": req.url,
            "headers": dict(req.headers),
            "query": dict(req.params),
            "route": dict(req.route_params),
            "body": base64.b64encode(req.get_body()).decode(),
        }
    )


@app.route(route="echo/{number:int}")
async def echo_number(req: func.HttpRequest) -> func.HttpResponse:
    return as_json({"number": req.route_params["number"]})


@app.route(route="echo/fixed")
async def echo_fixed(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("the literal")


@app.route(route="files/{*path}")
async def files(req: func.HttpRequest) -> func.HttpResponse:
    return as_json({"path": req.route_params.get("path")})


@app.route(route="maybe/{name?}")
async def maybe(req: func.HttpRequest) -> func.HttpResponse:
    return as_json({"name": req.route_params.get("name")})


@app.route(route="secret/{key}", methods=["POST"])
async def secret(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("noted")


@app.route(route="binary", methods=["GET", "HEAD"])
async def binary(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(bytes(range(256)), mimetype="application/octet-stream", headers={"X-Kind": "binary"})


@app.route(route="teapot")
def teapot(req: func.HttpRequest) -> func.HttpResponse:
    """Not async: it runs in a thread."""
    return func.HttpResponse("short and stout", status_code=418)


@app.route(route="text")
async def text(req: func.HttpRequest) -> str:
    return "only text"


@app.route(route="boom")
async def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("the fuse is short")


@app.route(route="slow")
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    await gates["never"].wait()
    return func.HttpResponse("unreachable")


@app.route(route="for_friends", auth_level=func.AuthLevel.FUNCTION)
async def for_friends(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("welcome")


@app.route(route="for_the_master", auth_level=func.AuthLevel.ADMIN)
async def for_the_master(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("welcome")


@app.route(route="switched_off")
async def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("never")


# --- ASGI -------------------------------------------------------------------------------------------------------------

api = FastAPI()


@api.post("/api/asgi/items/{item}")
async def asgi_item(item: str, request: Request, tag: str = "") -> dict[str, Any]:
    return {"item": item, "tag": tag, "size": len(await request.body()), "base": str(request.base_url)}


@app.route(route="asgi/{*path}")
async def asgi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    middleware: Any = func.AsgiMiddleware
    response: func.HttpResponse = await middleware(api).handle_async(req, context)
    return response


@app.route(route="cookies")
async def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("two cookies")
    response.headers.add("Set-Cookie", 'session="a b"; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax')
    response.headers.add("Set-Cookie", "theme=dark; Domain=localhost; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
    return response


# --- queues and timers ------------------------------------------------------------------------------------------------


async def work_on(message: func.QueueMessage) -> None:
    body = json.loads(message.get_body())
    await record(
        body["token"],
        id=message.id,
        attempt=message.dequeue_count,
        inserted=str(message.insertion_time),
        expires=str(message.expiration_time),
    )
    match body.get("do"):
        case "fail":
            raise RuntimeError("cannot do this")
        case "fail once" if message.dequeue_count == 1:
            raise RuntimeError("not yet")
        case "wait":
            await gates[body["token"]].wait()


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    await work_on(message)


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%-other", connection="AzureWebJobsStorage")
async def other_work(message: func.QueueMessage) -> None:
    await work_on(message)


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%-bytes", connection="AzureWebJobsStorage")
async def bytes_work(message: func.QueueMessage) -> None:
    await record("bytes", body=message.get_body().hex())


@app.timer_trigger(arg_name="timer", schedule="%TICK_SCHEDULE%")
async def tick(timer: func.TimerRequest) -> None:
    status: dict[str, str] = timer.schedule_status  # type: ignore[attr-defined] # the abstract class lacks it
    await record("tick", past_due=timer.past_due, status=status)


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def patient_timer(timer: func.TimerRequest) -> None:
    await record("patient")
    await gates["patient"].wait()


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def failing_timer(timer: func.TimerRequest) -> None:
    raise RuntimeError("out of time")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
async def eager_timer(timer: func.TimerRequest) -> None:
    await record("eager", past_due=timer.past_due)
