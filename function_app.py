"""The list of functions, nothing else. The prefix of a folder is its trigger. DESIGN 5."""

import azure.functions as func

from http_api import blueprint as http_api
from http_health import blueprint as http_health
from push_listener import blueprint as push_listener
from queue_collections import blueprint as queue_collections
from queue_poison import blueprint as queue_poison
from queue_shards import blueprint as queue_shards
from timer_email_sync import blueprint as timer_email_sync
from timer_subscriptions import blueprint as timer_subscriptions

app = func.FunctionApp()
app.register_functions(push_listener)
app.register_functions(timer_subscriptions)
app.register_functions(timer_email_sync)
app.register_functions(queue_shards)
app.register_functions(queue_collections)
app.register_functions(queue_poison)
app.register_functions(http_api)
app.register_functions(http_health)
