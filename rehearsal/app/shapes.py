"""The keys of vets-api: names, TTLs in seconds, and values of their encodings and sizes.

Source: department-of-veterans-affairs/vets-api at b43c8c6a6e, config/redis.yml and the models that use it; sidekiq
4.2.10 lib/sidekiq; breakers 0.3.0 lib/breakers; rack-attack 6.2.2 lib/rack/attack/cache.rb.
"""

from __future__ import annotations

import json
import random
import string
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

SESSION_TTL = 1800
USER_TTL = 1800
RESPONSE_TTL = 86400
ROSTER_TTL = 604800
BREAKERS_TTL = 2592000
FACILITY_TTL = 2592000

SERVICES = ("Rx", "SM", "BB", "MVI", "HCA", "EVSS/Claims", "EVSS/Letters", "Vet360/ContactInformation", "Search/Results")
QUEUES = ("default", "critical", "tasker")
JOB_CLASSES = ("EVSS::DocumentUpload", "HCA::SubmissionJob", "CentralMail::SubmitSavedClaimJob", "EducationForm::Process", "Rx::Refresh")

_URLSAFE = string.ascii_letters + string.digits + "-_"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key to write. Exactly one of the values is set; `ttl` None means it never expires."""

    key: str
    ttl: int | None
    string: bytes | None = None
    hash: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    scored: dict[str, float] = field(default_factory=dict)
    listed: tuple[str, ...] = ()


def session_token(rng: random.Random) -> str:
    """40 url-safe characters, as SecureRandom.urlsafe_base64 gives the application."""
    return "".join(rng.choices(_URLSAFE, k=40))


def identifier(rng: random.Random) -> str:
    """A UUID from a seeded source."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def oj_object(**attributes: object) -> bytes:
    """JSON as Oj writes objects by default: symbol keys carry a leading colon."""
    return json.dumps({f":{name}": value for name, value in attributes.items()}, separators=(",", ":")).encode()


def ruby_response(rng: random.Random, name: str, size: int) -> bytes:
    """A cached response: Oj's form of a Ruby object."""
    body = "".join(rng.choices(string.ascii_letters + "  ", k=size))
    return json.dumps({"^o": name, "status": "OK", "body": body, "at": {"^t": 1587340800.123456}}, separators=(",", ":")).encode()


def marshalled_account(rng: random.Random) -> bytes:
    """Binary, like Ruby's Marshal of an ActiveRecord: bytes that are no text in any encoding."""
    return b"\x04\x08o:\x0cAccount\x10" + rng.randbytes(220)


def job(rng: random.Random, queue: str) -> tuple[str, str]:
    """A Sidekiq job: its jid (24 hex digits) and its JSON."""
    jid = f"{rng.getrandbits(96):024x}"
    payload = {
        "class": rng.choice(JOB_CLASSES),
        "args": [identifier(rng), rng.randint(1, 10**6)],
        "retry": True,
        "queue": queue,
        "jid": jid,
        "created_at": 1587340800.5,
        "enqueued_at": 1587340800.6,
        "request_id": identifier(rng),
    }
    return jid, json.dumps(payload, separators=(",", ":"))


def entries(count: int, rng: random.Random, now: float) -> Iterator[Entry]:
    """`count` keys in the shares of a busy day: counters and sessions dominate, a few structures stand alone."""
    structures = list(_structures(rng, now))
    yield from structures[:count]
    makers = (_session, _user, _identity, _response, _account, _breaker, _roster, _attack, _facility, _common, _tracker)
    weights = (16, 12, 12, 12, 4, 26, 3, 5, 3, 5, 2)
    for index in range(count - len(structures)):
        yield rng.choices(makers, weights)[0](rng, index)


def _session(rng: random.Random, _index: int) -> Entry:
    token = session_token(rng)
    return Entry(f"vets-api-session:{token}", SESSION_TTL, oj_object(token=token, uuid=identifier(rng), created_at="2020-04-20T12:00:00Z"))


def _user(rng: random.Random, _index: int) -> Entry:
    user = identifier(rng)
    return Entry(f"users_b:{user}", USER_TTL, oj_object(uuid=user, email=f"vet{rng.randint(1, 10**6)}@example.com", loa={"current": 3}))


def _identity(rng: random.Random, _index: int) -> Entry:
    user = identifier(rng)
    return Entry(f"user_identities:{user}", USER_TTL, oj_object(uuid=user, first_name="JOHN", ssn=f"{rng.randint(0, 10**9):09}"))


def _response(rng: random.Random, _index: int) -> Entry:
    namespace = rng.choice(("mvi-profile-response", "emis-response", "vet360-contact-info-response", "intent-to-file-response"))
    return Entry(
        f"{namespace}:{identifier(rng)}", RESPONSE_TTL, ruby_response(rng, "MVI::Responses::FindProfileResponse", rng.randint(300, 2500))
    )


def _account(rng: random.Random, _index: int) -> Entry:
    return Entry(f"user-account-details:{identifier(rng)}", 1296000, marshalled_account(rng))


def _breaker(rng: random.Random, index: int) -> Entry:
    kind = "errors" if rng.random() < 0.1 else "successes"
    minute = 1587340800 - 60 * index
    return Entry(f"breakers:{rng.choice(SERVICES)}-{kind}-{minute}", BREAKERS_TTL, str(rng.randint(1, 500)).encode())


def _roster(rng: random.Random, index: int) -> Entry:
    metric = f"api.rx.metric_{index}.{rng.choice(('total', 'fail'))}"
    return Entry(f"statsd-roster:{metric}", ROSTER_TTL, oj_object(key=metric))


def _attack(rng: random.Random, index: int) -> Entry:
    address = ".".join(str(rng.randint(1, 254)) for _ in range(4))
    return Entry(f"rack::attack:{26455680 + index}:feedback/ip:{address}", 300, str(rng.randint(1, 20)).encode())


def _facility(rng: random.Random, index: int) -> Entry:
    return Entry(f"facility-access-wait-time:{index}", FACILITY_TTL, oj_object(station=str(index), wait=rng.random() * 30))


def _common(rng: random.Random, index: int) -> Entry:
    return Entry(
        f"common_collection:{index}:getactiverx", 3600, json.dumps({"data": [{"id": index}], "metadata": {}, "errors": {}}).encode()
    )


def _tracker(rng: random.Random, _index: int) -> Entry:
    return Entry(f"saml_request_tracker:{identifier(rng)}", 3600, oj_object(payload={"type": "idme"}, created_at=1587340800))


def _structures(rng: random.Random, now: float) -> Iterator[Entry]:
    yield Entry("queues", None, members=QUEUES)
    for queue in QUEUES:
        yield Entry(f"queue:{queue}", None, listed=tuple(job(rng, queue)[1] for _ in range(40)))
    for name, ahead in (("schedule", 86400.0), ("retry", 43200.0), ("dead", -86400.0)):
        yield Entry(name, None, scored={job(rng, "default")[1]: now + ahead + index + 0.123456 for index in range(60)})
    yield Entry("stat:processed", None, string=b"1234567")
    yield Entry("stat:failed", None, string=b"4321")
    yield Entry("stat:processed:2020-04-20", None, string=b"9876")
    yield Entry("schedules", None, hash={name: json.dumps({"cron": "0 4 * * *", "class": name}) for name in JOB_CLASSES})
    yield Entry("sidekiq-scheduler:states", None, hash={JOB_CLASSES[0]: json.dumps({"enabled": True})})
    for service in SERVICES[:4]:
        outages = {json.dumps({"start_time": 1587340800 + index, "forced": False}): 1587340800.0 + index for index in range(3)}
        yield Entry(f"breakers:{service}-outages", None, scored=outages)
    bid = "".join(rng.choices(_URLSAFE, k=14))
    yield Entry(f"b-{bid}", 2592000, hash={"total": "3", "pending": "2", "created_at": "1587340800.1"})
    yield Entry(f"b-{bid}-jids", 2592000, members=tuple(f"{rng.getrandbits(96):024x}" for _ in range(3)))
    yield Entry("unique:" + f"{rng.getrandbits(256):064x}", 1800, string=b"0" * 24)
