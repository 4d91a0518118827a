"""The rights that calls of boto3, aioboto3 and aiobotocore need: ``s3:PutObject`` for ``client.put_object`` and ``Bucket.upload_file``."""

from __future__ import annotations

import re

NO_ACTION = frozenset({"get_paginator", "get_waiter", "can_paginate", "close", "meta", "exceptions", "batch_writer", "load", "reload"})
"""Methods of boto3's own that ask nothing of the service by themselves."""

_ACTIONS = {
    "s3:upload_file": "PutObject", "s3:upload_fileobj": "PutObject", "s3:download_file": "GetObject", "s3:download_fileobj": "GetObject",
    "s3:head_object": "GetObject", "s3:list_objects": "ListBucket", "s3:list_objects_v2": "ListBucket", "s3:head_bucket": "ListBucket",
    "s3:list_object_versions": "ListBucketVersions", "s3:list_buckets": "ListAllMyBuckets", "s3:list_parts": "ListMultipartUploadParts",
    "s3:list_multipart_uploads": "ListBucketMultipartUploads", "s3:select_object_content": "GetObject", "s3:get_object_attributes": "GetObject",
    "s3:copy": "PutObject", "s3:copy_object": "PutObject", "s3:delete_objects": "DeleteObject", "s3:create_multipart_upload": "PutObject",
    "s3:upload_part": "PutObject", "s3:upload_part_copy": "PutObject", "s3:complete_multipart_upload": "PutObject",
    "s3:get_bucket_cors": "GetBucketCORS", "s3:put_bucket_cors": "PutBucketCORS", "s3:delete_bucket_cors": "PutBucketCORS",
    "s3:get_bucket_encryption": "GetEncryptionConfiguration", "s3:put_bucket_encryption": "PutEncryptionConfiguration",
    "s3:get_bucket_lifecycle_configuration": "GetLifecycleConfiguration", "s3:put_bucket_lifecycle_configuration": "PutLifecycleConfiguration",
    "s3:get_public_access_block": "GetBucketPublicAccessBlock", "s3:put_public_access_block": "PutBucketPublicAccessBlock",
    "s3:generate_presigned_post": "PutObject",
    "lambda:invoke": "InvokeFunction", "lambda:invoke_async": "InvokeFunction", "bedrock-runtime:converse": "InvokeModel",
    "bedrock-runtime:converse_stream": "InvokeModelWithResponseStream", "sqs:send_message_batch": "SendMessage",
    "sqs:delete_message_batch": "DeleteMessage", "sns:publish_batch": "Publish", "dynamodb:transact_write_items": "PutItem",
    "dynamodb:transact_get_items": "GetItem", "sesv2:send_email": "SendEmail",
}  # fmt: skip
"""Where the IAM action is not the method's name in CamelCase. Source: the service authorization reference of AWS."""

_RESOURCE_ACTIONS = {
    "s3:put_object": "PutObject", "s3:upload_file": "PutObject", "s3:upload_fileobj": "PutObject", "s3:download_file": "GetObject",
    "s3:download_fileobj": "GetObject", "s3:get": "GetObject", "s3:put": "PutObject", "s3:delete": "DeleteObject", "s3:copy": "PutObject",
    "s3:copy_from": "PutObject", "s3:filter": "ListBucket", "s3:all": "ListBucket", "s3:limit": "ListBucket", "s3:delete_objects": "DeleteObject",
    "s3:create_bucket": "CreateBucket", "s3:create": "CreateBucket", "s3:load": "GetObject", "s3:wait_until_exists": "GetObject",
    "dynamodb:put_item": "PutItem", "dynamodb:get_item": "GetItem", "dynamodb:query": "Query", "dynamodb:scan": "Scan",
    "dynamodb:update_item": "UpdateItem", "dynamodb:delete_item": "DeleteItem", "dynamodb:batch_writer": "BatchWriteItem",
    "dynamodb:batch_get_item": "BatchGetItem", "dynamodb:batch_write_item": "BatchWriteItem", "dynamodb:create_table": "CreateTable",
    "dynamodb:delete": "DeleteTable", "sqs:send_message": "SendMessage", "sqs:send_messages": "SendMessage",
    "sqs:receive_messages": "ReceiveMessage", "sqs:delete_messages": "DeleteMessage", "sqs:delete": "DeleteMessage",
    "sqs:get_queue_by_name": "GetQueueUrl", "sqs:create_queue": "CreateQueue", "sqs:purge": "PurgeQueue", "sns:publish": "Publish",
    "sns:create_topic": "CreateTopic", "sns:subscribe": "Subscribe",
}  # fmt: skip
"""What methods of resources (``Bucket``, ``Table``, ``Queue``, ``Topic`` and their collections) need."""

_PREFIXES = {
    "apigatewaymanagementapi": "execute-api", "apigatewayv2": "apigateway", "bedrock-agent": "bedrock", "bedrock-agent-runtime": "bedrock",
    "bedrock-runtime": "bedrock", "dynamodbstreams": "dynamodb", "efs": "elasticfilesystem", "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing", "emr": "elasticmapreduce", "iot-data": "iot", "kinesis-video-media": "kinesisvideo", "lex-runtime": "lex",
    "lexv2-runtime": "lex", "location": "geo", "opensearch": "es", "opensearchserverless": "aoss", "personalize-events": "personalize",
    "personalize-runtime": "personalize", "pinpoint": "mobiletargeting", "pinpoint-sms-voice-v2": "sms-voice", "resourcegroupstaggingapi": "tag",
    "s3control": "s3", "sagemaker-runtime": "sagemaker", "sesv2": "ses", "stepfunctions": "states", "timestream-query": "timestream",
    "timestream-write": "timestream",
}  # fmt: skip
"""IAM prefixes that differ from boto3's name of the service."""

STORAGE_ACTIONS = ("DeleteObject", "GetObject", "ListBucket", "PutObject")
"""What django-storages' S3 backend needs for a file's life."""

_WAITERS = {"object_exists": "GetObject", "object_not_exists": "GetObject", "bucket_exists": "ListBucket", "table_exists": "DescribeTable"}


def prefix_of(service: str) -> str:
    """The IAM prefix of a service by boto3's name."""
    return _PREFIXES.get(service, service)


def action_of(service: str, method: str) -> str:
    """The IAM action of a client's method: CamelCase, with the known exceptions. IAM itself does not look at the case."""
    special = _ACTIONS.get(f"{service}:{method}")
    return special or re.sub(r"(?:^|_)([a-z0-9])", lambda found: found.group(1).upper(), method)


def resource_action(service: str, names: list[str]) -> str:
    """The IAM action of a chain of methods on a resource, ``""`` when none of them is known; the last one that is decides."""
    return next((action for name in reversed(names) if (action := _RESOURCE_ACTIONS.get(f"{service}:{name}"))), "")


def waiter_action(service: str, waiter: str) -> str:
    """What ``get_waiter(name)`` asks for again and again."""
    return _WAITERS.get(waiter, "") if service in ("s3", "dynamodb") else ""
