"""An object store, spelled once: `s3://bucket/folder`, here told to each library in its own words.

Where it is, the region and the keys come from the standard variables of AWS clients (`AWS_ENDPOINT_URL`, `AWS_REGION`,
`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), for a store of AWS and any other that speaks S3:
the driver, its executors and their tasks have them in their environment, and nothing of them is written anywhere.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from pyarrow import fs

from pipelines.core.addresses import SCHEME, AddressRefused, is_store

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
PLACES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")
REGION = "us-east-1"  # what stores that are not AWS's take for granted
CONNECT_SECONDS, REQUEST_SECONDS, ATTEMPTS = 5, 60, 4


def endpoint() -> str | None:
    """Address of a store that is not AWS's own."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def region() -> str:
    """Region of the store."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION


@cache
def file_system() -> fs.FileSystem:
    """The store as Arrow reads and writes it: one client a process."""
    scheme, _, host = (endpoint() or "").rpartition("://")
    return fs.S3FileSystem(
        region=region(),
        scheme=scheme or "https",
        endpoint_override=host or None,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=REQUEST_SECONDS,
        allow_delayed_open=True,  # else a small file takes three requests
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def path_of(root: str) -> str:
    """Bucket and key of an address."""
    return root.removeprefix(f"{SCHEME}://").rstrip("/")


def delta_options(root: str) -> dict[str, str] | None:
    """Options of delta-rs for a table at an address; None for one in a folder."""
    if not is_store(root):
        return None
    told = {"aws_region": region(), "timeout": f"{REQUEST_SECONDS}s", "connect_timeout": f"{CONNECT_SECONDS}s"}
    if at := endpoint():
        told |= {"aws_endpoint": at, "allow_http": str(at.startswith("http://")).lower()}
    return told


def engine_settings() -> dict[str, str]:
    """Settings of a Spark engine that reads and writes `s3://` addresses, its Delta log by conditional puts."""
    at = endpoint()
    s3a = {
        "endpoint.region": region(),
        **({"endpoint": at, "path.style.access": "true", "connection.ssl.enabled": _is_secret(at)} if at else {}),
        "connection.establish.timeout": f"{CONNECT_SECONDS}s",
        "attempts.maximum": str(ATTEMPTS),
        "directory.marker.retention": "keep",
    }
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        **{f"spark.hadoop.fs.s3a.{name}": value for name, value in s3a.items()},
        # A rename is a copy there: what tasks write is staged apart and named by no commit before it is whole.
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
        **{f"spark.delta.logStore.{name}.impl": "gerland.ConditionalPutLogStore" for name in (SCHEME, "s3a")},
    }


def executor_environment() -> dict[str, str]:
    """Settings that hand the variables of this process to the executors of a cluster that it starts them on."""
    return {f"spark.executorEnv.{name}": os.environ[name] for name in (*KEYS, *PLACES) if name in os.environ}


@cache
def client() -> Any:
    """The store as boto3 asks it, for what Arrow can't say: a put that holds only where nothing stands.

    Raises `AddressRefused` where boto3 is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise AddressRefused("a lake on an object store needs boto3: install gerland[cluster]") from None
    told = Config(connect_timeout=CONNECT_SECONDS, read_timeout=REQUEST_SECONDS, retries={"max_attempts": ATTEMPTS})
    own = boto3.session.Session()  # the default one may not be asked by two threads at once
    return own.client("s3", region_name=region(), endpoint_url=endpoint(), config=told)


def _is_secret(address: str) -> str:
    return str(not address.startswith("http://")).lower()
