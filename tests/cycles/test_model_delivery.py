"""Which manifest counts, when its file is fetched, what is told and kept, and that nothing older comes after it."""

import random
from dataclasses import replace
from typing import Any

import pytest

from agent.cycles.model_delivery import DELAY_S, LOOK_EVERY_S, MOST_WAITING, ModelDelivery, Recipient
from agent.delivery_ports import FetchFailure, ModelRefused
from agent.domain.documents import MODEL_DELIVERIES
from agent.domain.model_delivery import MOST_NAMES, DeliveryState, release
from tests.cycles.delivery_stage import AWAITED, FIRST, DeliveryStage
from tests.security.items import security


async def test_a_manifest_is_fetched_once_and_admitted() -> None:
    stage = DeliveryStage()
    await stage.hear(FIRST)
    assert stage.source.fetched == []
    await stage.pass_s(DELAY_S + 5)
    assert (stage.source.fetched, stage.source.admitted) == ([("own", 3)], [("own", 3)])
    assert stage.hearing.told == [
        ("model_delivery", "info", AWAITED),
        ("model_delivery", "info", "model own, delivery 3, is here; the next daily trial looks at it"),
    ]
    await stage.hear(FIRST)  # the broker keeps it
    stage.restart()
    await stage.hear(FIRST)
    await stage.pass_s(2 * DELAY_S)
    assert len(stage.source.fetched) == 1
    assert stage.delivery.facts() == [
        {"name": "own", "version": 3, "sha256": "a" * 64, "state": "delivered", "reason": ""}
    ]


async def test_a_fleet_does_not_fetch_at_once() -> None:
    begun = []
    for seed in range(40):
        stage = DeliveryStage(seed)
        await stage.hear(FIRST)
        while not stage.source.fetched:
            await stage.pass_s(30.0, 30.0)
        begun.append(stage.clock.monotonic())
    began = DeliveryStage().clock.monotonic()
    assert max(begun) <= began + DELAY_S + 30
    assert len({round((at - began) / 60) for at in begun}) >= 8


@security(17, shows="an older model is refused, also after a start")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "version 2 is not newer than 3, which was here before"),
        ({"sha256": "b" * 64}, "version 3 is not newer than 3, which was here before"),
        ({"size": 999}, "version 3 is not newer than 3, which was here before"),
        ({"version": 4, "signed": "forged"}, "the signature is not that of the key"),
        ({"version": 4, "audience": "home-2"}, "it is for another site"),
        ({"version": 4, "min_agent": "0.10"}, "its model needs version 0.10 of the agent, this is 0.2.0"),
        ({"version": 4, "model_schema": 2}, "its model is of schema 2, this version reads 1"),
    ],
)
async def test_what_is_older_forged_or_not_for_us_is_refused_also_after_a_start(
    changes: dict[str, Any], why: str
) -> None:
    stage = DeliveryStage()
    await stage.hear(FIRST)
    await stage.pass_s(DELAY_S + 5)
    stage.restart()
    manifest = replace(FIRST, **changes)
    await stage.hear(manifest)
    await stage.pass_s(DELAY_S + 5)
    assert stage.hearing.told[2:] == [
        ("model_refused", "warning", f"model own, delivery {manifest.version}, is refused: {why}")
    ]
    assert len(stage.source.fetched) == 1


async def test_a_site_takes_what_is_for_it() -> None:
    stage = DeliveryStage()
    await stage.hear(replace(FIRST, audience="home-1"))
    assert stage.told() == [AWAITED]


async def test_a_refused_version_stays_the_floor_and_the_next_one_comes() -> None:
    stage = DeliveryStage()
    stage.source.answers = [ModelRefused("its file is not the one that was signed")]
    await stage.hear(FIRST)
    await stage.pass_s(DELAY_S + 5)
    assert stage.told()[1:] == ["model own, delivery 3, is refused: its file is not the one that was signed"]
    await stage.hear(FIRST, replace(FIRST, version=1))
    await stage.pass_s(2 * DELAY_S)
    assert len(stage.source.fetched) == 1
    await stage.hear(replace(FIRST, version=4, sha256="b" * 64))
    await stage.pass_s(DELAY_S + 5)
    assert stage.source.admitted == [("own", 4)]


async def test_what_fails_is_tried_ever_more_seldom_and_told_once() -> None:
    stage = DeliveryStage()
    stage.source.answers = [FetchFailure("models.example.org:443: Connection refused")] * 6
    await stage.hear(FIRST)
    await stage.pass_s(5 * 3600, 20.0)
    assert 5 <= len(stage.source.fetched) <= 6
    failed = [told for told in stage.hearing.told if "Connection refused" in told[2]]
    assert [severity for _, severity, _ in failed] == ["warning"]
    assert "Connection refused" in str(stage.delivery.facts()[0]["reason"])
    await stage.pass_s(2 * 86400, 60.0)
    assert stage.source.admitted == [("own", 3)]


async def test_one_that_fails_does_not_keep_another_waiting() -> None:
    stage = DeliveryStage()
    stage.source.answers = [FetchFailure("gone")]
    await stage.hear(FIRST, replace(FIRST, name="sun", sha256="b" * 64))
    await stage.pass_s(DELAY_S + 10)
    assert len(stage.source.fetched) >= 2
    assert {name for name, _ in stage.source.fetched} == {"own", "sun"}


async def test_a_newer_one_that_comes_during_a_download_follows_it() -> None:
    stage = DeliveryStage()
    newer = replace(FIRST, version=4, sha256="b" * 64)
    stage.source.meanwhile = lambda: stage.delivery.take(newer)
    await stage.hear(FIRST)
    await stage.pass_s(2 * DELAY_S + 10)
    assert stage.source.admitted == [("own", 3), ("own", 4)]
    assert [one.manifest.version for one in stage.delivery.deliveries.newest] == [4]


async def test_nothing_is_fetched_before_its_floor_is_on_the_disk() -> None:
    stage = DeliveryStage()
    stage.store_works = False
    await stage.hear(FIRST)
    await stage.pass_s(DELAY_S + 5)
    assert stage.source.fetched == []
    stage.store_works = True
    await stage.pass_s(5)
    assert stage.source.admitted == [("own", 3)]


async def test_before_the_store_is_open_manifests_wait() -> None:
    stage = DeliveryStage()
    await stage.hear(FIRST)
    document = stage.kept[MODEL_DELIVERIES.name]
    stage.delivery = ModelDelivery(
        stage.clock, stage.hearing.alarms, stage._keep, stage.keys, stage.source, Recipient("home-1", "0.2.0"),
        random.Random(1),
    )  # fmt: skip
    await stage.hear(replace(FIRST, version=1))
    assert stage.told() == [AWAITED]
    stage.delivery.recall(document)
    await stage.delivery.step()
    assert stage.told()[1:] == [
        "model own, delivery 1, is refused: version 1 is not newer than 3, which was here before"
    ]


@security(17, shows="a revoked key stays revoked when an older file of keys comes back")
async def test_a_revoked_key_stays_revoked_when_an_older_file_of_keys_comes_back() -> None:
    stage = DeliveryStage()
    stage.keys.in_file = {"platform-1"}
    await stage.delivery.step()
    stage.keys.in_file = set()
    stage.restart()
    await stage.hear(FIRST)
    assert stage.told() == ["model own, delivery 3, is refused: its key was revoked"]


async def test_a_key_that_is_revoked_while_nothing_is_delivered_stays_revoked() -> None:
    stage = DeliveryStage()
    await stage.delivery.step()
    stage.keys.in_file = {"platform-1"}
    await stage.pass_s(LOOK_EVERY_S + 5)
    stage.keys.in_file = set()
    stage.restart()
    await stage.hear(FIRST)
    assert stage.told() == ["model own, delivery 3, is refused: its key was revoked"]


async def test_a_key_that_is_revoked_before_the_download_ends_it() -> None:
    stage = DeliveryStage()
    await stage.hear(FIRST)
    stage.keys.in_file = {"platform-1"}
    await stage.pass_s(DELAY_S + 5)
    assert stage.source.fetched == []
    assert stage.told()[1:] == ["model own, delivery 3, is refused: its key was revoked"]


async def test_a_file_of_keys_that_cannot_be_read_is_waited_for() -> None:
    stage = DeliveryStage()
    stage.keys.trouble = "/etc/keys: it holds no key"
    await stage.hear(FIRST)
    await stage.pass_s(60)
    waits = "what the platform says of models waits for the keys that it signs by: /etc/keys: it holds no key"
    assert stage.hearing.told == [("model_delivery", "warning", waits)]
    stage.keys.trouble = None
    await stage.pass_s(5)
    assert stage.told()[1:] == [AWAITED]


async def test_a_flood_of_forged_manifests_is_few_looks_and_few_events() -> None:
    stage = DeliveryStage()
    for second in range(60):
        for number in range(1000):
            stage.delivery.take(replace(FIRST, version=1000 * second + number + 1, signed="forged"))
        await stage.pass_s(1.0, 1.0)
    assert stage.keys.asked == 60 * MOST_WAITING
    assert len(stage.hearing.told) == 1
    await stage.hear(FIRST)
    assert stage.told()[1:] == [AWAITED]


async def test_names_are_few() -> None:
    stage = DeliveryStage()
    for number in range(MOST_NAMES):
        await stage.hear(replace(FIRST, name=f"own{number}", sha256=f"{number:064x}"))
    await stage.hear(FIRST)
    assert (
        stage.told()[-1] == f"model own, delivery 3, is refused: this site knows {MOST_NAMES} names of models already"
    )
    await stage.hear(replace(FIRST, name="own1", version=4))
    assert stage.told()[-1] == "model own1, delivery 4, is fetched within 10 minutes"


async def test_a_kept_document_that_cannot_be_read_is_told() -> None:
    stage = DeliveryStage()
    stage.start("no JSON")
    assert stage.hearing.told[0][0] == "document_refused"
    await stage.hear(FIRST)
    assert MODEL_DELIVERIES.read(stage.kept[MODEL_DELIVERIES.name]).newest[0].state is DeliveryState.AWAITED


def test_versions_are_compared_by_their_numbers() -> None:
    assert release("0.10.1") > release("0.9") > release("0.8.9.dev1+local") > release("none")
    assert release("1") == release("1.0.0")
