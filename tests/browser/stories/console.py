"""A morning in the console: the rooms that are about the company."""

from __future__ import annotations

import uuid
from datetime import timedelta

from PIL import Image

from idp.oidc.models import Client
from idp.outbox.models import Queued
from idp.platform import clock
from tests.browser.conftest import Person
from tests.browser.stories import Scene, act, fill, said, tells
from tests.support.world import KnownUser


def administrator(scene: Scene) -> KnownUser:
    """Bert, of a company of his own."""
    return scene.world.user(
        "bert", scene.world.tenant("de-zon", name="Bakkerij De Zon"), type="administrator", totp=True
    )


@tells(
    "console.lead_there",
    "console.settings",
    "console.save",
    "console.remind",
    "console.security_center",
    "console.people_as_csv",
    "console.security_code",
    "console.show_security_code",
    "console.ask_rotation",
    "console.rotate",
    "console.helpdesk",
    "console.let_in",
    "console.shut_out",
)
def how_people_log_in(scene: Scene) -> None:
    """Two-factor becomes mandatory, whoever has none is mailed, the code is read and changed, the helpdesk comes and goes."""
    bert = administrator(scene)
    carla = scene.world.user("carla", bert.tenant)
    desk = scene.at("/console/", bert)
    desk.page.locator("[name=two_factor_mandatory]").check()
    act(desk, "Save")
    assert desk.page.locator("[name=two_factor_mandatory]").is_checked()
    scene.at("/console/security-center", person=desk)
    act(desk, "Mail these people")
    assert carla.email in {mail.to for mail in scene.post.deliver()}
    desk.page.locator("[name=show]").select_option("unsafe")
    act(desk, "Show")
    said(desk, carla.email)
    assert carla.username in download(desk, "Download as CSV")

    scene.at("/console/security-code", person=desk)
    act(desk, "Show the security code")
    said(desk, bert.tenant.code)
    act(desk, "Rotate security code")
    act(desk, "Rotate security code")
    said(desk, "There is a new code")

    scene.at("/console/helpdesk", person=desk)
    act(desk, "Let the helpdesk in for one month")
    act(desk, "Revoke")
    said(desk, "No. Let it in when it asks you to")


def download(person: Person, words: str) -> str:
    """What is in the file behind a link."""
    with person.page.expect_download() as coming:
        person.page.get_by_role("link", name=words).first.click()
    return coming.value.path().read_text(encoding="utf-8-sig")


@tells(
    "console.audit",
    "console.audit_as_csv",
    "console.audit_as_jsonl",
    "console.retention",
    "console.choose_retention",
    "console.branding",
    "console.save_branding",
    "console.look_at_branding",
    "console.sessions",
    "console.end_session",
)
def what_happens_and_how_it_looks(scene: Scene) -> None:
    """Who did what is found and taken along, kept longer; the company gets its colour and logo; a browser is ended."""
    bert = administrator(scene)
    carla = scene.world.user("carla", bert.tenant)
    shop = scene.at("/account/", carla)
    desk = scene.at("/console/audit", bert)
    fill(desk, who=carla.username)
    act(desk, "Show")
    assert carla.name in download(desk, "Download as CSV")
    assert carla.name in download(desk, "Download as JSON Lines")
    act(desk, "Keep them longer or shorter")
    desk.page.locator("[name=years]").last.check()
    act(desk, "Save")
    said(desk, "Saved")

    scene.at("/console/branding", person=desk)
    desk.page.locator("[name=own_colour]").check()
    desk.page.locator("[name=colour]").fill("#ffd400")
    if scene.script:
        desk.page.locator("#sights svg").first.wait_for()
    else:
        act(desk, "Show how it looks")
    logo = scene.directory / "logo.png"
    Image.new("RGB", (320, 80), "#c2255c").save(logo)
    desk.page.locator("[name=logo]").set_input_files(logo)
    act(desk, "Save")
    said(desk, "Your pages and mails look like this from now on")

    scene.at("/console/sessions", person=desk)
    act(desk, "End")
    shop.page.reload()
    assert shop.step == "password"


@tells(
    "console.list_applications",
    "console.new_application",
    "console.register_application",
    "console.application",
    "console.change_application",
    "console.save_application",
    "console.ask_new_secret",
    "console.renew_secret",
    "console.connect_application",
    "console.switch_application",
    "console.retry_logouts",
    "console.registration_tokens",
    "console.make_token",
    "console.revoke_token",
    by_script=("console.check_addresses",),
)
def an_application_of_our_own(scene: Scene) -> None:
    """Registered, explained, changed, given a new secret, told again of a logout, switched off; a token made and revoked."""
    bert = administrator(scene)
    desk = scene.at("/console/applications", bert)
    act(desk, "Register an application")
    fill(desk, name="Kassa", redirect_uris="https://kassa.example/callback")
    desk.page.locator("[name=redirect_uris]").blur()
    act(desk, "Save")
    secret = desk.page.inner_text("[data-client-secret]")
    act(desk, "How to connect")
    said(desk, "Kassa")

    given_up(scene)
    scene.at("/console/applications", person=desk)
    act(desk, "Kassa")
    act(desk, "Change")
    fill(desk, name="Kassa 2")
    act(desk, "Save")
    act(desk, "New secret")
    act(desk, "Make a new secret")
    assert desk.page.inner_text("[data-client-secret]") != secret
    scene.at("/console/applications", person=desk)
    act(desk, "Kassa 2")
    act(desk, "Try again")
    act(desk, "Switch off")
    said(desk, "Switched off")

    act(desk, "All applications")
    act(desk, "Applications that register themselves")
    fill(desk, name="Build server")
    act(desk, "Make a token")
    assert desk.page.inner_text("[data-initial-access-token]")
    act(desk, "Revoke")
    said(desk, "The token registers nothing more")


def given_up(scene: Scene) -> None:
    """The company's application could not be told of a logout."""
    with scene.world.unit_of_work() as session:
        client = session.query(Client).filter(Client.name == "Kassa").order_by(Client.created_at.desc()).first()
        now = clock.now()
        session.add(
            Queued(
                id=uuid.uuid4(),
                kind="application_to_tell",
                application_id=client.id,
                tenant_id=client.tenant_id,
                payload_sealed="sealed",
                created_at=now,
                useful_until=now + timedelta(days=1),
                tries=9,
                dead_at=now,
                last_error="500",
            )
        )
