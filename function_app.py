"""The list of functions, nothing else. The prefix of a folder is its trigger. DESIGN 5."""

import azure.functions as func

from http_api import bp as http_api
from http_health import bp as http_health
from push_listener import bp as push_listener
from queue_collections import bp as queue_collections
from queue_poison import bp as queue_poison
from queue_shards import bp as queue_shards
from timer_alerts import bp as timer_alerts
from timer_email_sync import bp as timer_email_sync
from timer_subscriptions import bp as timer_subscriptions

app = func.FunctionApp()
app.register_functions(push_listener)
app.register_functions(timer_subscriptions)
app.register_functions(timer_email_sync)
app.register_functions(timer_alerts)
app.register_functions(queue_shards)
app.register_functions(queue_collections)
app.register_functions(queue_poison)
app.register_functions(http_api)
app.register_functions(http_health)
