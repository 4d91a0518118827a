"""Which names of which libraries make a client of what, and what its methods do: tables, no code that decides."""

from __future__ import annotations

PACKAGES = frozenset(
    {
        "requests", "httpx", "urllib", "urllib3", "aiohttp", "http", "treq", "pycurl", "httplib2", "grpc", "websockets", "zeep", "gql",
        "redis", "aioredis", "redis_om", "flask_redis", "django_redis", "smtplib", "aiosmtplib", "flask_mail", "fastapi_mail", "emails",
        "flask_caching", "cachelib", "pymemcache", "pylibmc", "memcache", "aiocache", "boto3", "aioboto3", "aiobotocore", "botocore",
        "elasticsearch", "elasticsearch_dsl", "opensearchpy", "meilisearch", "pysolr", "typesense", "kafka", "confluent_kafka", "aiokafka", "pika",
        "aio_pika", "kombu", "nats", "stomp", "pymongo", "motor", "google", "azure", "paramiko", "ftplib", "ldap3", "ldap",
        "socket", "subprocess", "io", "codecs", "gzip", "zipfile", "tarfile", "shutil", "aiofiles", "pathlib", "anyio",
        "stripe", "braintree", "paypalrestsdk", "twilio", "sendgrid", "mailchimp3", "mailjet_rest", "postmarker", "slack_sdk", "slack", "openai",
        "anthropic", "github", "gitlab", "telegram", "discord", "resend",
    }
)  # fmt: skip

CLIENTS = {
    "requests.Session": "http", "requests.session": "http", "requests.sessions.Session": "http", "httpx.Client": "http",
    "httpx.AsyncClient": "http", "aiohttp.ClientSession": "http", "urllib3.PoolManager": "http", "http.client.HTTPConnection": "http",
    "http.client.HTTPSConnection": "http", "httplib2.Http": "http", "redis.Redis": "redis", "redis.StrictRedis": "redis",
    "redis.from_url": "redis", "redis.Redis.from_url": "redis", "redis.StrictRedis.from_url": "redis", "redis.asyncio.Redis": "redis",
    "redis.asyncio.from_url": "redis", "redis.asyncio.Redis.from_url": "redis", "redis.asyncio.client.Redis": "redis", "redis.client.Redis": "redis",
    "aioredis.from_url": "redis", "aioredis.Redis": "redis", "flask_redis.FlaskRedis": "redis", "django_redis.get_redis_connection": "redis",
    "smtplib.SMTP": "mail", "smtplib.SMTP_SSL": "mail", "flask_mail.Mail": "mail", "fastapi_mail.FastMail": "mail", "aiosmtplib.SMTP": "mail",
    "django.core.mail.EmailMessage": "mail-message", "django.core.mail.EmailMultiAlternatives": "mail-message",
    "django.core.mail.message.EmailMultiAlternatives": "mail-message", "django.core.mail.message.EmailMessage": "mail-message",
    "flask_caching.Cache": "cache", "cachelib.SimpleCache": "cache", "cachelib.RedisCache": "cache", "pymemcache.client.base.Client": "cache",
    "pymemcache.Client": "cache", "pylibmc.Client": "cache", "memcache.Client": "cache", "aiocache.Cache": "cache",
    "boto3.client": "aws", "boto3.resource": "aws-resource", "boto3.Session": "aws-session", "boto3.session.Session": "aws-session",
    "aioboto3.Session": "aws-session", "aioboto3.session.Session": "aws-session", "aioboto3.client": "aws", "aioboto3.resource": "aws-resource",
    "aiobotocore.session.get_session": "aws-session", "aiobotocore.get_session": "aws-session", "botocore.session.get_session": "aws-session",
    "elasticsearch.Elasticsearch": "search", "elasticsearch.AsyncElasticsearch": "search", "opensearchpy.OpenSearch": "search",
    "opensearchpy.AsyncOpenSearch": "search", "elasticsearch_dsl.Search": "search", "elasticsearch_dsl.connections.get_connection": "search",
    "meilisearch.Client": "search", "pysolr.Solr": "search", "typesense.Client": "search",
    "kafka.KafkaProducer": "queue", "kafka.KafkaConsumer": "queue", "confluent_kafka.Producer": "queue", "confluent_kafka.Consumer": "queue",
    "aiokafka.AIOKafkaProducer": "queue", "aiokafka.AIOKafkaConsumer": "queue", "pika.BlockingConnection": "queue", "aio_pika.connect": "queue",
    "aio_pika.connect_robust": "queue", "kombu.Connection": "queue", "kombu.Producer": "queue", "kombu.Consumer": "queue", "nats.connect": "queue",
    "stomp.Connection": "queue", "google.cloud.pubsub_v1.PublisherClient": "queue", "google.cloud.pubsub_v1.SubscriberClient": "queue",
    "google.cloud.pubsub.PublisherClient": "queue", "pymongo.MongoClient": "mongo", "motor.motor_asyncio.AsyncIOMotorClient": "mongo",
    "pymongo.AsyncMongoClient": "mongo", "google.cloud.storage.Client": "storage", "azure.storage.blob.BlobServiceClient": "storage",
    "ftplib.FTP": "ftp", "ftplib.FTP_TLS": "ftp", "paramiko.SSHClient": "ssh", "paramiko.client.SSHClient": "ssh", "paramiko.Transport": "ssh",
    "paramiko.transport.Transport": "ssh", "pycurl.Curl": "curl", "socket.socket": "socket", "ldap3.Connection": "ldap", "grpc.insecure_channel": "grpc", "grpc.secure_channel": "grpc",
    "grpc.aio.insecure_channel": "grpc", "grpc.aio.secure_channel": "grpc",
}  # fmt: skip
"""What the call of a dotted name gives, by kind of outside world."""

ADDRESSED = frozenset({"grpc", "ftp", "ssh", "ldap"})
"""Kinds where it is enough to know with whom: the address is the constructor's, or given to ``connect``."""

SOCKET_CALLS = {"connect": 0, "connect_ex": 0, "sendto": -1}
"""Methods of a socket that go to an address, with its position; ``bind`` and ``listen`` wait for others."""
CONNECTIONS = frozenset({"socket.create_connection", "asyncio.open_connection"})

PROGRAMS = {
    **dict.fromkeys(
        (
            "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput",
            "subprocess.getstatusoutput", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "os.system", "os.popen",
            "os.execl", "os.execle", "os.execlp", "os.execlpe", "os.execv", "os.execve", "os.execvp", "os.execvpe", "os.posix_spawn",
            "os.posix_spawnp", "os.startfile",
        ),
        0,
    ),
    **dict.fromkeys(
        ("os.spawnl", "os.spawnle", "os.spawnlp", "os.spawnlpe", "os.spawnv", "os.spawnve", "os.spawnvp", "os.spawnvpe"), 1,
    ),
}  # fmt: skip
"""Functions that run another program, with the position of what says which."""

SERVICES = {
    "stripe": "api.stripe.com", "braintree": "api.braintreegateway.com", "paypalrestsdk": "api.paypal.com", "twilio": "api.twilio.com",
    "sendgrid": "api.sendgrid.com", "mailchimp3": "api.mailchimp.com", "mailjet_rest": "api.mailjet.com", "postmarker": "api.postmarkapp.com",
    "slack_sdk": "slack.com", "slack": "slack.com", "openai": "api.openai.com", "anthropic": "api.anthropic.com", "github": "api.github.com",
    "gitlab": "gitlab.com", "telegram": "api.telegram.org", "discord": "discord.com", "resend": "api.resend.com",
}  # fmt: skip
"""Hosts that libraries of a single service talk to, unless they are told otherwise."""

HTTP = frozenset({"requests", "httpx", "urllib", "urllib3", "aiohttp", "treq", "httplib2"})
VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
HTTP_CALLS = VERBS | {"request", "urlopen", "send", "stream", "fetch", "urlretrieve", "ws_connect"}

MAIL = frozenset({"send_mail", "send_mass_mail", "mail_admins", "mail_managers"})
MAIL_CALLS = frozenset({"send", "sendmail", "send_message", "send_messages"})

CACHE_READS = frozenset({"get", "get_many", "has_key", "aget", "aget_many", "ahas_key", "has", "get_dict"})
CACHE_WRITES = frozenset(
    {
        "set", "add", "delete", "get_or_set", "incr", "decr", "touch", "clear", "set_many", "delete_many", "memoize", "cached", "aset", "aadd",
        "adelete", "aget_or_set", "aset_many", "adelete_many", "delete_memoized", "expire", "delete_pattern", "incr_version",
    }
)  # fmt: skip

REDIS_READS = frozenset(
    {
        "get", "mget", "hget", "hmget", "hgetall", "hkeys", "hvals", "hlen", "hexists", "lrange", "lindex", "llen", "smembers", "sismember", "scard",
        "srandmember", "exists", "ttl", "pttl", "keys", "scan", "scan_iter", "sscan_iter", "hscan_iter", "zscan_iter", "zrange", "zrevrange",
        "zrangebyscore", "zrevrangebyscore", "zscore", "zcard", "zcount", "zrank", "type", "strlen", "getrange", "pfcount", "xrange", "xread", "xlen",
        "info", "ping", "dbsize", "getbit", "bitcount", "subscribe", "psubscribe", "pubsub", "memory_usage",
    }
)  # fmt: skip
REDIS_NONE = frozenset({"", "init_app", "close", "aclose", "ping", "connection_pool", "pipeline", "execute", "connect", "disconnect"})

SEARCH_READS = frozenset({"search", "get", "count", "exists", "mget", "msearch", "scroll", "execute", "scan", "get_source", "explain", "suggest"})
SEARCH_WRITES = frozenset({"index", "create", "update", "delete", "bulk", "delete_by_query", "update_by_query", "reindex", "add", "add_documents"})

QUEUE_WRITES = frozenset({"send", "produce", "basic_publish", "publish", "send_and_wait", "publish_message"})
QUEUE_READS = frozenset({"subscribe", "basic_consume", "basic_get", "consume", "poll", "getone", "getmany", "pull"})

MONGO_READS = frozenset({"find", "find_one", "aggregate", "count_documents", "distinct", "estimated_document_count"})
MONGO_WRITES = frozenset(
    {
        "insert_one", "insert_many", "update_one", "update_many", "replace_one", "delete_one", "delete_many", "find_one_and_update",
        "find_one_and_delete", "find_one_and_replace", "bulk_write", "drop", "create_index",
    }
)  # fmt: skip

STORAGE_READS = frozenset({"open", "url", "exists", "size", "listdir", "path", "download_as_bytes", "download_to_filename", "download_blob", "list_blobs"})
STORAGE_WRITES = frozenset({"save", "delete", "upload_from_string", "upload_from_file", "upload_from_filename", "upload_blob", "delete_blob"})

FILE_READS = frozenset({"os.listdir", "os.walk", "os.scandir", "zipfile.is_zipfile"})
FILE_WRITES = {
    "shutil.copy": 1, "shutil.copy2": 1, "shutil.copyfile": 1, "shutil.copytree": 1, "shutil.move": 1, "shutil.rmtree": 0, "os.remove": 0,
    "os.unlink": 0, "os.makedirs": 0, "os.mkdir": 0, "os.rename": 1, "os.replace": 1, "os.rmdir": 0, "os.removedirs": 0, "os.symlink": 1,
}  # fmt: skip
"""Functions that change files, with the position of the path that they change."""
OPENS = {
    "builtins.open": 1, "io.open": 1, "codecs.open": 1, "gzip.open": 1, "zipfile.ZipFile": 1, "tarfile.open": 1, "aiofiles.open": 1,
    "anyio.open_file": 1, "bz2.open": 1, "lzma.open": 1,
}  # fmt: skip
"""Functions that open a file, with the position of the mode."""
PASSING = ("io.BytesIO", "io.StringIO", "tempfile.")
PATHS = frozenset({"pathlib.Path", "anyio.Path", "pathlib.PosixPath"})
PATH_READS = frozenset({"read_text", "read_bytes", "iterdir", "glob", "rglob"})
PATH_WRITES = frozenset({"write_text", "write_bytes", "unlink", "mkdir", "rename", "replace", "touch", "rmdir", "symlink_to"})


_PARTS = ("django.core.cache", "django.core.mail", "django.core.files.storage", "builtins.open")
"""Of libraries where most names reach nowhere outside, those that do."""


def knows(dotted: str) -> bool:
    """Whether a dotted name of a library may reach outside."""
    first = dotted.partition(".")[0]
    return first in PACKAGES or dotted in PROGRAMS or dotted in CONNECTIONS or (first in ("django", "builtins") and dotted.startswith(_PARTS)) or dotted in FILE_WRITES or dotted in FILE_READS


def kind_of(dotted: str) -> str:
    """What calling a dotted name makes a client of, ``""`` for nothing that is known."""
    return CLIENTS.get(dotted, "")
