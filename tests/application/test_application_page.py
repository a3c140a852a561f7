"""The lines of docs/application.md that say "(tested)", held by the gems themselves against an app-cache behind TLS and a token.

Every test names its lines. Skipped where there is no Ruby, or a gem is missing or of another version; `.ci/run` installs Debian's.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trustme

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint, ProxyLoop
from rehearsal.cloud.elasticache.redis_server import RedisServer, free_port
from rehearsal.run.installed_tools import InstalledTools
from tests.application.lost_replies import LosesReplies
from tests.application.ruby_process import RubyError, RubyProcess
from tests.conftest import StartRedis

PAGE = Path("docs/application.md")
RUBY = shutil.which("ruby")
REDIS, ACTIVE_SUPPORT, SIDEKIQ = "redis", "active_support/cache/redis_cache_store", "sidekiq"
HIREDIS = "hiredis"
TESTED = {
    REDIS: ("Redis::VERSION", "4.8.", "ruby-redis"),
    ACTIVE_SUPPORT: ("ActiveSupport::VERSION::STRING", "6.1.", "ruby-activesupport"),
    SIDEKIQ: ("Sidekiq::VERSION", "6.4.", "ruby-sidekiq"),
    HIREDIS: ("Hiredis::VERSION", "0.6.", "ruby-hiredis"),
}
"""What tells a gem's version, the version whose lines these are, and Debian's package."""
TOKEN, WRONG_TOKEN = "AppCacheToken0123456789", "AppCacheToken9876543210"
SOON_SECONDS = 0.2
LEGEND = "**(tested)**: "
HELD: list[str] = []

Test = TypeVar("Test", bound=Callable[..., None])


def holds(*lines: str) -> Callable[[Test], Test]:
    """Name the lines of the page a test holds, by words that stand in one of them only."""
    HELD.extend(lines)
    return lambda test: test


@dataclass(frozen=True, slots=True)
class AppCache:
    """A Redis 5.0.6 with a token, and the TLS endpoint in front of it, whose certificate is for `localhost`."""

    server: RedisServer
    loop: ProxyLoop
    tls: ssl.SSLContext
    endpoint: Endpoint

    @property
    def url(self) -> str:
        return url_of(self.endpoint.port)


def url_of(port: int, *, host: str = "localhost", login: str = f":{TOKEN}") -> str:
    """As the page has it."""
    return f"rediss://{login}@{host}:{port}"


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("application")


@pytest.fixture(scope="module")
def authority(folder: Path) -> trustme.CA:
    """Stands for the authority that every system trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return authority


@pytest.fixture(scope="module")
def bare_ruby(authority: trustme.CA, folder: Path) -> Iterator[RubyProcess]:
    if RUBY is None:
        pytest.skip("there is no ruby on this machine: `.ci/run` installs Debian's")
    ruby = RubyProcess(RUBY, folder / "ca.pem", folder / "ruby.log")
    yield ruby
    ruby.stop()


@pytest.fixture
def ruby(bare_ruby: RubyProcess) -> RubyProcess:
    """With redis-rb and Rails' cache store."""
    return with_gems(bare_ruby, REDIS, ACTIVE_SUPPORT)


@pytest.fixture
def ruby_with_sidekiq(ruby: RubyProcess) -> RubyProcess:
    return with_gems(ruby, SIDEKIQ)


def with_gems(ruby: RubyProcess, *libraries: str) -> RubyProcess:
    """Load them, or skip."""
    for library in libraries:
        expression, tested, package = TESTED[library]
        try:
            version = ruby.run(f'require library.split("/").first; require library; {expression}', library=library)
        except RubyError as error:
            if error.name != "LoadError":
                raise
            pytest.skip(f"{error}: `.ci/run` installs Debian's {package}")
        if not version.startswith(tested):
            pytest.skip(f"{library} {version} is here; the page's lines are of {tested}x, Debian's {package}")
    return ruby


@pytest.fixture(scope="module")
def one_app_cache(installed_tools: InstalledTools, authority: trustme.CA, folder: Path) -> Iterator[AppCache]:
    server = RedisServer("5.0.6", installed_tools.redis_servers["5.0.6"], folder / "app-cache", password=TOKEN)
    loop, tls = ProxyLoop(), context_of(authority)
    endpoint = Endpoint(loop, "127.0.0.1", free_port(), server.port, tls)
    yield AppCache(server, loop, tls, endpoint)
    endpoint.close()
    server.stop()


@pytest.fixture
def app_cache(one_app_cache: AppCache) -> AppCache:
    """The same for all tests, empty."""
    one_app_cache.server.client.flushall()
    return one_app_cache


@pytest.fixture
def loses_replies(app_cache: AppCache) -> Iterator[LosesReplies]:
    """A second endpoint of app-cache, that can lose replies."""
    loses_replies = LosesReplies(app_cache.loop, app_cache.server.port, app_cache.tls)
    yield loses_replies
    loses_replies.close()


STORE = "ActiveSupport::Cache::RedisCacheStore.new(driver: :ruby, **options.transform_keys(&:to_sym))"


def with_store(ruby: RubyProcess, code: str, **options: Any) -> Any:
    """Run code that uses `store`, a cache store with these options."""
    return ruby.run(f"store = {STORE}; {code}", options=options)


def with_redis(ruby: RubyProcess, code: str, **options: Any) -> Any:
    """Run code that uses `redis`, a connection with these options."""
    return ruby.run(f"redis = Redis.new(driver: :ruby, **options.transform_keys(&:to_sym)); {code}", options=options)


# --- where is Redis?


@holds("the URL above")
def test_the_pages_url_is_enough(ruby: RubyProcess, app_cache: AppCache) -> None:
    assert with_redis(ruby, 'redis.set("users_b:1", "here"); redis.get("users_b:1")', url=app_cache.url) == "here"
    assert app_cache.server.client.get("users_b:1") == b"here"


@holds("a certificate of an unknown authority", "any other name of the host")
def test_certificates_are_verified_by_themselves_and_the_cache_store_does_not_swallow_it(ruby: RubyProcess, app_cache: AppCache) -> None:
    other = Endpoint(app_cache.loop, "127.0.0.1", free_port(), app_cache.server.port, context_of(trustme.CA()))
    try:
        for url in (url_of(other.port), url_of(app_cache.endpoint.port, host="127.0.0.1")):
            for with_client, call in ((with_redis, "redis.ping"), (with_store, 'store.read("k")')):
                with pytest.raises(RubyError, match="certificate verify failed") as raised:
                    with_client(ruby, call, url=url)
                assert raised.value.name == "OpenSSL::SSL::SSLError"
            unverified = "redis = Redis.new(driver: :ruby, url: url, ssl_params: {verify_mode: OpenSSL::SSL::VERIFY_NONE}); redis.ping"
            assert ruby.run(unverified, url=url) == "PONG", "nothing but the certificate was wrong"
    finally:
        other.close()


@holds("`rediss://TOKEN@HOST`")
def test_without_the_colon_the_token_is_a_user_name(ruby: RubyProcess, app_cache: AppCache) -> None:
    with pytest.raises(RubyError, match="NOAUTH"):
        with_redis(ruby, "redis.ping", url=url_of(app_cache.endpoint.port, login=TOKEN))


@holds("`rediss://` to a port without TLS")
def test_tls_to_a_plain_port_never_succeeds(ruby: RubyProcess, start_redis: StartRedis) -> None:
    """Redis waits for the end of a line; so the client waits as well, unless its random bytes happen to have one."""
    once = {"connect_timeout": SOON_SECONDS, "reconnect_attempts": 0}
    with pytest.raises(RubyError) as raised:
        with_redis(ruby, "redis.ping", url=url_of(start_redis("5.0.6").port), **once)
    assert raised.value.name in {"Redis::CannotConnectError", "OpenSSL::SSL::SSLError"}
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RubyError, match="Redis::TimeoutError") as raised:
        with_redis(ruby, "redis.ping", url=url_of(silent.getsockname()[1]), **once)
    assert raised.value.name == "Redis::CannotConnectError"


@holds("`redis://` to a port with TLS")
def test_a_plain_connection_to_tls_never_succeeds(ruby: RubyProcess, app_cache: AppCache) -> None:
    with pytest.raises(RubyError) as raised:
        with_redis(ruby, "redis.ping", url=app_cache.url.replace("rediss://", "redis://"), timeout=SOON_SECONDS)
    assert raised.value.name in {"Redis::ConnectionError", "Redis::ProtocolError", "Redis::TimeoutError"}


@holds("a wrong token")
def test_a_wrong_token_is_a_silent_cache_miss(ruby: RubyProcess, app_cache: AppCache) -> None:
    wrong = url_of(app_cache.endpoint.port, login=f":{WRONG_TOKEN}")
    with pytest.raises(RubyError, match="invalid password"):
        with_redis(ruby, "redis.ping", url=wrong)
    calls = '[store.write("k", "v").present?, store.read("k"), store.fetch("k") { "made anew" }]'
    assert with_store(ruby, calls, url=wrong) == [False, None, "made anew"]
    assert with_store(ruby, calls, url=app_cache.url) == [True, "v", "v"]
    handler = "errors = []; store = ActiveSupport::Cache::RedisCacheStore.new(driver: :ruby, url: url, error_handler: ->(exception:, **) { errors << exception.message })"
    (told,) = ruby.run(f'{handler}; store.read("k"); errors', url=wrong)
    assert "invalid password" in told


@holds("a host that does not answer")
def test_the_cache_store_waits_20_seconds_for_a_connection(ruby: RubyProcess, app_cache: AppCache) -> None:
    timeout = "store.redis._client.connect_timeout"
    assert with_store(ruby, timeout, url=app_cache.url) == 20
    assert with_store(ruby, timeout, url=app_cache.url, connect_timeout=1) == 1


@holds("the gem hiredis in the Gemfile")
def test_the_cache_store_makes_hiredis_the_driver_of_all_and_it_has_no_tls(ruby: RubyProcess, app_cache: AppCache) -> None:
    with_gems(ruby, HIREDIS)
    with pytest.raises(RubyError, match="SSL not supported by hiredis driver") as raised:
        ruby.run("Redis.new(url: url).ping", url=app_cache.url)
    assert raised.value.name == "NotImplementedError"
    assert ruby.run("Redis.new(url: url, driver: :ruby).ping", url=app_cache.url) == "PONG"


# --- which gems?


@holds("Both run on Redis 3.2.6 as well")
def test_gem_4_and_the_cache_store_run_on_3_2(ruby: RubyProcess, start_redis: StartRedis) -> None:
    legacy = start_redis("3.2.6")
    url = f"redis://127.0.0.1:{legacy.port}"
    assert with_store(ruby, 'store.write("k", "v", expires_in: 60); store.fetch("k") { "made anew" }', url=url) == "v"
    assert legacy.client.ttl("k") > 0


@holds("`exists` answers a number")
def test_exists_answers_0_which_is_true(ruby: RubyProcess, app_cache: AppCache) -> None:
    asked = '[redis.exists("none").inspect, redis.exists("none") ? "true" : "false", redis.exists?("none").inspect]'
    assert with_redis(ruby, asked, url=app_cache.url) == ["0", "true", "false"]


# --- Rails.cache


@holds("without `namespace:`", 'with `namespace: "rails-cache"`')
def test_clear_without_a_namespace_deletes_sessions(ruby: RubyProcess, app_cache: AppCache) -> None:
    app_cache.server.client.set("vets-api-session:1", "somebody's login")
    with_store(ruby, 'store.write("k", "v"); store.clear', url=app_cache.url, namespace="rails-cache")
    assert app_cache.server.client.keys() == [b"vets-api-session:1"]
    with_store(ruby, "store.clear", url=app_cache.url)
    assert app_cache.server.client.keys() == []


@holds("without `expires_in:`", "with `expires_in:`")
def test_without_a_ttl_the_cache_evicts_sessions_and_then_writes_nothing(ruby: RubyProcess, start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    room = 1024**2
    server.set_config("maxmemory", str(server.client.info("memory")["used_memory"] + room))
    fill = '(1..400).map { |n| store.write("#{filler}#{n}", "x" * 10_000, raw: true) }.count { |done| done }'
    url, sessions = f"redis://127.0.0.1:{server.port}", [f"vets-api-session:{number}" for number in range(20)]

    def written(filler: str, **options: Any) -> int:
        return int(with_store(ruby, f"filler = {filler!r}; {fill}", url=url, **options))

    for session in sessions:
        server.client.set(session, "somebody's login", ex=1800)
    assert written("with", expires_in=60) == 400, "older entries made room"
    assert server.client.ttl("with400") in range(1, 61)
    server.client.flushall()
    for session in sessions:
        server.client.set(session, "somebody's login", ex=1800)
    assert 0 < written("without") < 400, "no more room, and nothing raised"
    assert server.client.ttl("without1") == -1
    assert server.client.exists(*sessions) == 0


# --- what is done twice


@holds("an `INCR` whose reply is lost", "with `reconnect_attempts: 0`")
def test_an_incr_whose_reply_is_lost_counts_twice(ruby: RubyProcess, app_cache: AppCache, loses_replies: LosesReplies) -> None:
    url = url_of(loses_replies.port)
    loses_replies.lose_once("incr")
    assert with_redis(ruby, 'redis.incr("by default")', url=url) == 2
    assert loses_replies.has_lost
    loses_replies.lose_once("incr")
    with pytest.raises(RubyError) as raised:
        with_redis(ruby, 'redis.incr("with 0")', url=url, reconnect_attempts=0)
    assert raised.value.name == "Redis::ConnectionError"
    assert loses_replies.has_lost
    assert app_cache.server.client.mget("by default", "with 0") == [b"2", b"1"]


@holds("a command of the cache store")
def test_the_cache_store_does_not_try_again(ruby: RubyProcess, app_cache: AppCache, loses_replies: LosesReplies) -> None:
    loses_replies.lose_once("incr")
    assert with_store(ruby, 'store.increment("n")', url=url_of(loses_replies.port)) is None
    assert loses_replies.has_lost
    assert app_cache.server.client.get("n") == b"1"


JOB = """
class Job
  include Sidekiq::Worker
end
Job.perform_async
"""
PUSH = f"Sidekiq.redis = {{driver: :ruby, **options.transform_keys(&:to_sym)}}\n{JOB}"


@holds("a job whose push is not answered", "with `reconnect_attempts: 0`")
def test_a_push_that_is_not_answered_is_two_jobs(ruby_with_sidekiq: RubyProcess, app_cache: AppCache, loses_replies: LosesReplies) -> None:
    def jobs() -> list[str]:
        return [json.loads(job)["jid"] for job in app_cache.server.client.lrange("queue:default", 0, -1)]

    url = url_of(loses_replies.port)
    loses_replies.lose_once("sadd", replies=2)
    jid = ruby_with_sidekiq.run(PUSH, options={"url": url})
    assert loses_replies.has_lost
    assert jobs() == [jid, jid]
    app_cache.server.client.flushall()
    loses_replies.lose_once("sadd", replies=2)
    with pytest.raises(RubyError) as raised:
        ruby_with_sidekiq.run(PUSH, options={"url": url, "reconnect_attempts": 0})
    assert raised.value.name == "Redis::ConnectionError"
    assert loses_replies.has_lost
    assert len(jobs()) == 1


# --- after a failover


@pytest.fixture
def fails_over(app_cache: AppCache, installed_tools: InstalledTools, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Demotes app-cache's primary, whose connections stay, and points the endpoint at another; gives that one's run id."""
    promoted = RedisServer("5.0.6", installed_tools.redis_servers["5.0.6"], tmp_path / "promoted", password=TOKEN)

    def fail_over() -> str:
        app_cache.server.follow_at_once(promoted.port)
        app_cache.endpoint.point_to(promoted.port)
        return str(promoted.client.info("server")["run_id"])

    yield fail_over
    app_cache.server.promote()
    app_cache.endpoint.point_to(app_cache.server.port)
    promoted.stop()


RUN_ID = 'info("server")["run_id"]'


@holds("stays on it: every write")
def test_redis_rb_stays_with_a_demoted_primary(ruby: RubyProcess, app_cache: AppCache, fails_over: Callable[[], str]) -> None:
    demoted = with_redis(ruby, f'$kept = redis; $store = {STORE}; $store.write("k", "old"); redis.{RUN_ID}', url=app_cache.url)
    promoted = fails_over()
    for _ in range(2):
        with pytest.raises(RubyError, match="READONLY"):
            ruby.run('$kept.set("k", "new")')
    assert ruby.run(f"$kept.{RUN_ID}") == demoted
    assert ruby.run('[$store.write("k", "new"), $store.read("k")]') == [False, "old"]
    assert ruby.run(f'$kept.close; $kept.set("k", "new"); $kept.{RUN_ID}') == promoted


@holds("opens a new connection by itself")
@pytest.mark.parametrize("write", ["Job.perform_async", 'Sidekiq.redis { |redis| redis.set("k", "new") }'])
def test_sidekiq_leaves_a_demoted_primary(
    write: str, ruby_with_sidekiq: RubyProcess, app_cache: AppCache, fails_over: Callable[[], str]
) -> None:
    run_id = f"Sidekiq.redis {{ |redis| redis.{RUN_ID} }}"
    demoted = ruby_with_sidekiq.run(f"{PUSH}; {run_id}", options={"url": app_cache.url, "size": 1})
    promoted = fails_over()
    assert ruby_with_sidekiq.run(run_id) == demoted
    ruby_with_sidekiq.run(write)
    assert ruby_with_sidekiq.run(run_id) == promoted


# --- the page itself


def test_the_example_of_the_page_works(ruby_with_sidekiq: RubyProcess, app_cache: AppCache) -> None:
    example = PAGE.read_text().partition("```ruby\n")[2].partition("```")[0]
    # A name in capitals cannot be given in the middle of a program; Ruby's own words do the same for one that can be read back.
    example = example.replace("REDIS =", "$redis =").replace("CACHE =", "$cache =")
    use = '$redis.set("users_b:1", "here"); $cache.write("page", "cached"); [$redis.get("users_b:1"), $cache.read("page")]'
    assert ruby_with_sidekiq.run(f"{example}; {use}", app_cache=app_cache.url, sidekiq=app_cache.url) == ["here", "cached"]
    assert app_cache.server.client.ttl("rails-cache:page") > 3_500
    assert ruby_with_sidekiq.run(JOB)
    assert app_cache.server.client.llen("queue:default") == 1
    assert ruby_with_sidekiq.run("$cache.clear; $redis.dbsize") == 3


def test_every_line_that_says_so_is_tested() -> None:
    """And what a test holds stands on the page, in one such line."""
    marked = [line for line in PAGE.read_text().splitlines() if "(tested)" in line and not line.startswith(LEGEND)]
    for words in HELD:
        assert len([line for line in marked if words in line]) == 1, f"{words} is to be in one line with (tested)"
    assert [line for line in marked if not any(words in line for words in HELD)] == []
