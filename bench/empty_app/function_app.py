"""An HTTP function that does nothing: what the runtime itself costs for each call."""

import azure.functions as func

app = func.FunctionApp()


@app.route("empty", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    """Read the body and answer."""
    req.get_body()
    return func.HttpResponse(status_code=200)
