"""The check of permissions against real brokers."""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from stampapp.commands.offsets import reset_offsets
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError, DeliveryError
from stampapp.kafka import connection, producer
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.delivery import Delivery
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.kafka.topic_reader import TopicReader
from stampapp.preflight import access_check
from tests.support.apache_kafka import ApacheKafka
from tests.support.secured_kafka import SASL
from tests.support.topics import committed, create_topics
from tests.support.two_clusters import TwoClusters, password

pytestmark = pytest.mark.usefixtures("time_to_close")


def settings_with(environment: dict[str, str], **changes: str) -> Settings:
    # Half a day from the change of the topic, so that it cannot happen during a test.
    hour = str((datetime.now(UTC).hour + 12) % 24)
    return settings.load_settings(
        Reader({**environment, "PRODUCER_CHANGE_HOUR": hour, **changes}.get)
    )


def nights(loaded: Settings) -> tuple[str, str]:
    """Return tonight's and tomorrow's topic."""
    now = datetime.now(UTC)
    tonight, next_one = (loaded.output_topic.name_at(now + timedelta(days=n)) for n in (0, 1))
    return tonight, next_one


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    ours = [one for one in caplog.records if one.name.startswith("stampapp")]
    return [one.getMessage() for one in ours if one.levelno >= logging.WARNING]


async def test_all_permissions_give_no_warning(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    await access_check.require_access(settings_with(clusters.environment()))
    assert warnings(caplog) == []


async def test_check_creates_no_topic(clusters: TwoClusters) -> None:
    loaded = settings_with(clusters.environment(), SCRIBE_TOPIC=f"new-{secrets.token_hex(4)}")
    clusters.results.grant(clusters.scribe.user, "ALL", topic=loaded.scribe_topic)
    before = clusters.survey.topics(), clusters.results.topics()
    await access_check.require_access(loaded)
    assert (clusters.survey.topics(), clusters.results.topics()) == before


async def test_checks_the_topic_of_the_next_night(clusters: TwoClusters) -> None:
    loaded = settings_with(
        clusters.environment(), PRODUCER_TOPIC_FORMAT=f"once-{secrets.token_hex(4)}-%s"
    )
    tonight, next_one = nights(loaded)
    clusters.results.grant(clusters.producer.user, "WRITE", topic=tonight)
    with pytest.raises(ConfigError, match=f"write to {next_one}: grant WRITE there"):
        await access_check.require_access(loaded)


async def test_missing_create_permission_is_a_warning(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    prefix = f"made-by-others-{secrets.token_hex(4)}-"
    loaded = settings_with(clusters.environment(), PRODUCER_TOPIC_FORMAT=f"{prefix}%s")
    tonight, _ = nights(loaded)
    clusters.results.grant(clusters.producer.user, "WRITE", topics=prefix)
    await access_check.require_access(loaded)
    (warning,) = warnings(caplog)
    assert f"Topic {tonight} does not exist on the producer's cluster" in warning
    assert "the worker cannot create it (TopicAuthorizationFailedError" in warning
    assert "PRODUCER_TOPIC_FORMAT" in warning
    # After someone else has created it, nothing is missing.
    create_topics(clusters.results.bootstrap, {tonight: 1})
    caplog.clear()
    await access_check.require_access(loaded)
    assert warnings(caplog) == []


async def test_a_topic_of_the_shadow_model_needs_permissions_and_stops_no_worker(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    name, user = f"shadow-{secrets.token_hex(4)}", clusters.producer.user
    shadow = {"SHADOW_MODEL_PATH": "model/ztf", "SHADOW_TOPIC": name}
    loaded = settings_with(clusters.environment(), **shadow)
    await access_check.require_access(loaded)
    error, warning = warnings(caplog)
    assert "shadow model will be switched off when it first publishes: the producer's" in error
    assert f"does not let user '{user}' write to {name}: grant WRITE there" in error
    assert "check SHADOW_TOPIC and PRODUCER_SASL_USERNAME" in error
    assert f"Topic {name} does not exist on the producer's cluster" in warning
    assert "the worker cannot create it (TopicAuthorizationFailedError" in warning
    assert "check SHADOW_TOPIC" in warning
    for operation in ("WRITE", "CREATE"):
        clusters.results.grant(user, operation, topic=name)
    caplog.clear()
    await access_check.require_access(loaded)
    assert warnings(caplog) == []


async def test_missing_topics_are_warned_about_with_their_settings(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"new-{secrets.token_hex(4)}"
    loaded = settings_with(clusters.environment(), CONSUMER_TOPICS=name, SCRIBE_TOPIC=name)
    clusters.survey.grant(clusters.consumer.user, "READ", topic=name)
    clusters.results.grant(clusters.scribe.user, "WRITE", topic=name)
    await access_check.require_access(loaded)
    first, second = sorted(warnings(caplog))
    assert f"Topic {name} does not exist on the consumer's cluster" in first
    assert "create it, or check CONSUMER_TOPICS" in first
    assert f"Topic {name} does not exist on the scribe's cluster" in second
    assert "create it, or check SCRIBE_TOPIC" in second


async def test_topics_that_match_a_pattern_need_permission_to_read(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    prefix = f"seen-{secrets.token_hex(4)}-"
    loaded = settings_with(clusters.environment(), CONSUMER_TOPICS=f"^{prefix},{prefix}%s")
    await access_check.require_access(loaded)
    first, second = warnings(caplog)
    assert "No topic that this client may see on the consumer's cluster" in first
    assert f"matches ^{prefix}: the worker waits for one" in first
    assert f"matches {prefix}%s: the worker waits for one" in second
    create_topics(clusters.survey.bootstrap, {f"{prefix}a": 1, f"{prefix}20260301": 1})
    clusters.survey.grant(clusters.consumer.user, "DESCRIBE", topics=prefix)
    with pytest.raises(ConfigError) as error:
        await access_check.require_access(loaded)
    assert (
        f"read {prefix}20260301 and {prefix}a: grant READ there, or check CONSUMER_TOPICS"
        in str(error.value)
    )
    clusters.survey.grant(clusters.consumer.user, "READ", topics=prefix)
    caplog.clear()
    await access_check.require_access(loaded)
    assert warnings(caplog) == []


async def test_missing_dead_letter_topic_is_a_warning_only_without_create(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"new-{secrets.token_hex(4)}"
    loaded = settings_with(clusters.environment(), DEADLETTER_TOPIC=name)
    clusters.results.grant(clusters.producer.user, "WRITE", topic=name)
    await access_check.require_access(loaded)
    (warning,) = warnings(caplog)
    assert f"Topic {name} does not exist" in warning
    assert "grant CREATE on it, create it, or check DEADLETTER_TOPIC" in warning
    clusters.results.grant(clusters.producer.user, "CREATE", topic=name)
    caplog.clear()
    await access_check.require_access(loaded)
    assert warnings(caplog) == []


async def test_problems_of_metrics_alone_are_not_fatal(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    wrong_user = clusters.scribe.environment("METRICS") | {"METRICS_SASL_PASSWORD": "hush"}
    await access_check.require_access(settings_with(clusters.environment() | wrong_user))
    (warning,) = warnings(caplog)
    assert "The worker continues without metrics: the metrics cluster" in warning
    assert "check METRICS_SASL_USERNAME, METRICS_SASL_PASSWORD" in warning


async def test_roles_on_one_cluster_are_checked_together(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    everything = clusters.producer.environment("CONSUMER")
    inherited = {
        f"{role}_{key.removeprefix('CONSUMER_')}": ""
        for role in ("PRODUCER", "SCRIBE", "METRICS")
        for key in everything
    }
    loaded = settings_with(clusters.environment() | everything | inherited)
    with pytest.raises(ConfigError) as error:
        await access_check.require_access(loaded)
    head, *lines = str(error.value).splitlines()
    assert head == "the worker cannot use its clusters:"
    (warning,) = warnings(caplog)
    assert "The worker continues without metrics: " in warning
    assert f"write to {loaded.metrics_topic}: grant WRITE there" in warning
    keys = ("CONSUMER_TOPICS", "SCRIBE_TOPIC", "CONSUMER_GROUP_ID")
    assert len(lines) == len(keys)
    for line, key in zip(lines, keys, strict=True):
        assert f"the consumer's cluster {clusters.producer.environment('X')['X_SERVER']}" in line
        assert f"or check {key} and CONSUMER_SASL_USERNAME" in line


@pytest.mark.parametrize("broker", ["kafka", "tansu"])
async def test_broker_without_authorization_is_accepted(
    broker: str, kafka: ApacheKafka, tansu: str, clusters: TwoClusters
) -> None:
    bootstrap = kafka.bootstrap if broker == "kafka" else tansu
    topics = {
        key: value
        for key, value in clusters.environment().items()
        if not key.endswith(
            ("_SERVER", "_PROTOCOL", "_USERNAME", "_PASSWORD", "_MECHANISM", "_CAFILE")
        )
    }
    await access_check.require_access(settings_with({**topics, "CONSUMER_SERVER": bootstrap}))


def cluster(clusters: TwoClusters, **changes: str) -> Cluster:
    """The results cluster as the producer's cluster."""
    return settings_with(clusters.environment(), **changes).producer


async def test_idempotent_producer_needs_a_permission(clusters: TwoClusters) -> None:
    secret = password()
    clusters.results.add_user("idle", secret, "SCRAM-SHA-256")
    idle = cluster(clusters, PRODUCER_SASL_USERNAME="idle", PRODUCER_SASL_PASSWORD=secret)
    with pytest.raises(ConfigError, match="grant IDEMPOTENT_WRITE on the cluster"):
        await producer.start_producer(idle, idempotence=True)
    await producer.stop_producer(await producer.start_producer(idle, idempotence=False), 5.0)


async def test_one_of_two_servers_is_enough(clusters: TwoClusters) -> None:
    there = cluster(clusters).bootstrap
    assert (
        await connection.find_connection_problem(
            cluster(clusters, PRODUCER_SERVER=f"127.0.0.1:1,{there}")
        )
        is None
    )


async def test_refusal_differs_from_an_outage(clusters: TwoClusters) -> None:
    assert await connection.find_access_problem(cluster(clusters)) is None
    assert (
        await connection.find_access_problem(cluster(clusters, PRODUCER_SERVER="127.0.0.1:1"))
        is None
    )
    wrong_user = cluster(clusters, PRODUCER_SASL_PASSWORD=password())
    assert "it refuses user" in str(await connection.find_access_problem(wrong_user))


async def test_password_changed_in_an_outage_is_reported(
    clusters: TwoClusters,
) -> None:
    name, secret = f"late-{secrets.token_hex(4)}", password()
    results = clusters.results
    results.add_user("late", secret, "SCRAM-SHA-256")
    results.grant("late", "WRITE", topic=name)
    create_topics(results.bootstrap, {name: 1})
    late = cluster(clusters, PRODUCER_SASL_USERNAME="late", PRODUCER_SASL_PASSWORD=secret)
    delivery = Delivery(late, idempotence=True, timeout=5.0)
    sent = [OutgoingMessage(topic=name, key=b"k", value=b"v")]
    await delivery.start()
    try:
        await delivery.deliver(sent)
        results.add_user("late", password(), "SCRAM-SHA-256")
        # Not in another thread: the broker ends with the thread that starts it.
        results.restart()
        with pytest.raises(DeliveryError, match="it refuses user 'late'") as error:
            await asyncio.wait_for(delivery.deliver(sent), 30)
    finally:
        await delivery.stop()
    assert "PRODUCER_SASL_PASSWORD" in str(error.value)
    assert secret not in str(error.value)


def test_offsets_are_not_set_without_permission(clusters: TwoClusters) -> None:
    keys = clusters.environment()
    user, topic = clusters.consumer.user, keys["CONSUMER_TOPICS"]
    loaded = settings.load_settings(Reader(keys.get))
    reset_offsets(loaded, "latest", (), io.StringIO(), dry_run=False, as_json=False)
    offsets = committed(clusters.survey.bootstrap, loaded.group_id, topic)
    assert offsets == dict.fromkeys(range(4), 0)
    other = settings.load_settings(Reader((keys | {"CONSUMER_GROUP_ID": "not-granted"}).get))
    with pytest.raises(ConfigError, match=f"does not let user '{user}' read the .* grant READ"):
        reset_offsets(other, "latest", (), io.StringIO(), dry_run=False, as_json=False)
    clusters.survey.grant(user, "DESCRIBE", topic=topic)
    clusters.survey.withdraw(user, "READ", topic=topic)
    with pytest.raises(ConfigError, match=f"does not let user '{user}' read {topic}: grant READ"):
        reset_offsets(loaded, "latest", (), io.StringIO(), dry_run=False, as_json=False)


def as_at_rubin(clusters: TwoClusters, group: str) -> Settings:
    """Settings for a broker as Rubin's: SCRAM-SHA-512 without encryption, groups by user."""
    user, secret = f"rubin-{secrets.token_hex(4)}", password()
    clusters.survey.add_user(user, secret, "SCRAM-SHA-512")
    environment = clusters.environment() | {
        "CONSUMER_SERVER": clusters.survey.address(SASL),
        "CONSUMER_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "CONSUMER_SASL_USERNAME": user,
        "CONSUMER_SASL_PASSWORD": secret,
        "CONSUMER_SASL_MECHANISM": "",
        "CONSUMER_SSL_CAFILE": "",
        "CONSUMER_GROUP_ID": group.replace("USER", user),
    }
    clusters.survey.grant(user, "READ", topic=environment["CONSUMER_TOPICS"])
    clusters.survey.grant(user, "READ", groups=user)
    return settings_with(environment)


async def test_a_group_that_begins_with_the_name_of_the_user_is_accepted(
    clusters: TwoClusters, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = as_at_rubin(clusters, "USER-stampapp")
    assert (loaded.consumer.protocol, loaded.consumer.mechanism) == (
        "SASL_PLAINTEXT",
        "SCRAM-SHA-512",
    )
    await access_check.require_access(loaded)
    assert warnings(caplog) == []


async def test_any_other_group_is_refused_with_the_rule(clusters: TwoClusters) -> None:
    loaded = as_at_rubin(clusters, "stampapp")
    with pytest.raises(ConfigError) as error:
        await access_check.require_access(loaded)
    message = str(error.value)
    assert "consume as the group stampapp: grant READ on the group, or check" in message
    assert f"begin with the name of the user: for these set, for example, {rule(loaded)}" in message
    alerts = (loaded.consumer_topics.entries[0], 0)
    async with TopicReader(loaded.consumer) as reader:
        with pytest.raises(ConfigError, match="read the committed offsets of the group") as error:
            await reader.committed_offsets(loaded.group_id, [alerts])
    assert rule(loaded) in str(error.value)


def rule(loaded: Settings) -> str:
    return f"CONSUMER_GROUP_ID={loaded.consumer.username}-{loaded.group_id}"
