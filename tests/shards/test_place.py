"""URLs: what they may hold, what file system they name, and what of them is shown."""

import pytest
from pyarrow import fs

from synthgen.errors import SynthgenError
from synthgen.shards.place import locate, shown

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (f"s3://key:{SECRET}@bucket/run", "need a URL without user name and password, got one with"),
        (f"s3://{SECRET}@bucket/run", "need a URL without user name and password"),
        (f"gs://me:{SECRET}@bucket/run", "need a URL without user name and password"),
        (f"az://account:{SECRET}@container/run", "need a URL without user name and password"),
        (f"s3://bucket/run?secret_key={SECRET}", "need a query of endpoint_override, .*, got 'secret_key'"),
        (f"abfs://c@a.dfs.core.windows.net/run?sig={SECRET}", "need a query of blob_storage_authority, .*, got 'sig'"),
        (f"ftp://me:{SECRET}@host/run?x={SECRET}", "need a folder or a URL with s3://, gs://, az://"),
        ("s3:///run", "s3:///run: need the name of a bucket or container, got none; write s3://NAME/FOLDER"),
        ("s3://bucket/a#b", "need a URL without #, got one with; write it as %23"),
    ],
)
def test_a_url_with_a_credential_or_without_a_store_is_refused_and_not_repeated(url: str, fault: str) -> None:
    with pytest.raises(SynthgenError, match=fault) as told:
        locate(url)
    assert SECRET not in str(told.value)


def test_what_is_shown_of_a_url_has_no_query_and_no_user() -> None:
    assert shown("s3://a:b@bucket/run?endpoint_override=x:1&scheme=http") == "s3://bucket/run"
    assert shown("shards/run1?") == "shards/run1?"
    assert shown("s3:///run") == "s3:///run"


@pytest.mark.parametrize(("url", "path"), [("my run/Käse", "my run/Käse"), ("my%20run/a%23b", "my run/a#b"), ("run//", "run")])
def test_letters_of_all_kinds_may_stand_in_a_url(url: str, path: str) -> None:
    assert locate(f"s3://bucket/{url}?endpoint_override=127.0.0.1:9&scheme=http")[1] == f"bucket/{path}"


def test_an_s3_url_says_where_the_server_is_and_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    system, path = locate("s3://bucket/a/run/?endpoint_override=127.0.0.1:9&scheme=http&region=there")
    assert isinstance(system, fs.S3FileSystem)
    assert (path, system.region) == ("bucket/a/run", "there")
    _, (options,) = system.__reduce__()
    assert (options["endpoint_override"], options["scheme"]) == ("127.0.0.1:9", "http")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:7")
    _, (options,) = locate("s3://bucket/by-environment")[0].__reduce__()
    assert "127.0.0.1:7" in options["endpoint_override"]


def test_azure_urls_take_the_account_and_its_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    with pytest.raises(SynthgenError, match="az://without/run: need the storage account, got none; set AZURE_STORAGE_ACCOUNT"):
        locate("az://without/run")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "acme")
    monkeypatch.setenv("AZURE_STORAGE_KEY", "a2V5")
    for url in ("az://container/run", "abfs://container/run", "abfss://container@acme.dfs.core.windows.net/run"):
        system, path = locate(url)
        _, (options,) = system.__reduce__()
        assert (path, options["account_name"], options["account_key"]) == ("container/run", "acme", "a2V5")
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=x")
    _, (options,) = locate("az://container/by-token")[0].__reduce__()
    assert (options["account_key"], options["sas_token"]) == ("", "sv=1&sig=x")


@pytest.mark.slow
def test_azure_without_a_login_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "nobodyatall")
    monkeypatch.setenv("PATH", "")  # the login of this machine's user is no part of the test
    with pytest.raises(
        SynthgenError, match=r"az://unlogged/run: cannot be opened: access is refused \(AuthenticationException\); check the"
    ):
        locate("az://unlogged/run")


def test_google_urls_name_their_bucket() -> None:
    system, path = locate("gs://anonymous@bucket/run?endpoint_override=127.0.0.1:9&scheme=http")
    assert isinstance(system, fs.GcsFileSystem)
    assert path == "bucket/run"
    assert locate("gs://anonymous@bucket/run?retry_limit_seconds=5")[1] == "bucket/run"
