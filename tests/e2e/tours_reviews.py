"""Reviews of the audit log: what is open, marks, a question and its answer, and signatures."""

from django.db import connection
from django.urls import reverse
from playwright.sync_api import expect

from snapshots.audit import journal
from snapshots.reviews.models import Review, Verdict
from tests.e2e.browsing import PHONE
from tests.e2e.tours import World, tour
from tests.support.actors import actor_of
from tests.support.audit_triggers import without_triggers
from tests.support.reviews import marked


@tour(
    "review_list",
    "review_entries",
    "review_mark",
    "review_sign",
    "review_detail",
    "question_list",
    "question_detail",
    "entry_detail",
)
def reviews(world: World) -> None:
    cast = world.cast
    mia, omar = actor_of(cast.mia), actor_of(cast.omar)
    row = journal.record(mia.entry(action="team.change", target="backups", reason="The disk was full " * 8))
    journal.record(
        omar.entry(action="access.refuse", result="refused", code="people.manage", target="/people/")
    )
    own = journal.record(actor_of(cast.aron).entry(action="team.change", target="auditors"))
    nobody = journal.record(journal.EntryData(action="audit.stream_stop", result="failed", target="syslog"))
    page, asked = world.site.page(cast.aron), world.site.page(cast.mia)
    phone = world.site.page(cast.aron, size=PHONE, javascript=False)
    world.visit(page, reverse("review_list"), "Entries that matter")
    world.visit(asked, reverse("question_list"), "Nobody has asked you anything")
    page.get_by_role("link", name="Go through them").click()
    world.look(page, "You had a part in this yourself")
    world.visit(page, reverse("review_mark", args=[nobody.sequence]), "Nobody can be asked")
    world.visit(page, reverse("review_mark", args=[own.sequence]), "You had a part in this yourself")
    phone.goto(reverse("review_mark", args=[row.sequence]))
    phone.get_by_role("button", name="Ask").click()
    expect(phone.locator("main")).to_contain_text("Write what you ask or found")
    phone.get_by_label("Question, finding or note").fill("Why on a Sunday? " * 20)
    phone.get_by_role("button", name="Ask").click()
    expect(phone.locator("main")).to_contain_text("has not answered yet")
    world.visit(asked, reverse("question_list"), "Waiting for your answer")
    asked.get_by_role("link", name="About row").click()
    world.look(asked, "who reviews the audit log, asks you")
    asked.get_by_role("button", name="Answer", exact=True).click()
    world.look(asked, "Enter your answer")
    asked.get_by_label("Your answer").fill("Nobody worked with it then. " * 12)
    asked.get_by_role("button", name="Answer", exact=True).click()
    world.look(asked, "Answer again")
    world.visit(page, reverse("review_list"), "1 is answered")
    page.get_by_role("link", name="About row").click()
    world.look(page, "Settle it")
    world.visit(page, reverse("review_entries"), "Nobody worked with it then")
    marked(cast.aron, nobody, Verdict.FINDING, "Nobody was told")
    world.visit(page, reverse("entry_detail", args=[row.sequence]), "Not reviewed yet")
    world.visit(page, reverse("review_sign"), "They stay open, and the signature names them")
    page.get_by_label("Up to row").fill("999")
    page.get_by_role("button", name="Sign", exact=True).click()
    world.look(page, "This is not a row that can be signed now")
    page.get_by_label("Up to row").fill(str(nobody.sequence))
    page.get_by_role("button", name="Sign", exact=True).click()
    world.look(page, "are those that were signed")
    marked(cast.aron, row)
    world.visit(asked, reverse("question_list"), "Answered or settled")
    world.visit(page, reverse("review_list"), "Signed reviews")
    world.visit(page, reverse("entry_detail", args=[row.sequence]), "Reviewed by")


@tour("review_list", "review_entries", "review_sign", "review_detail")
def reviews_of_a_damaged_log(world: World) -> None:
    cast = world.cast
    page = world.site.page(cast.aron)
    for number in range(30):
        journal.record(actor_of(cast.mia).entry(action="team.change", target=f"team {number}"))
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET reason = 'nothing' WHERE sequence = 2")
    world.visit(page, reverse("review_entries"), "Older")
    page.get_by_role("button", name="Mark the others on this page as fine").click()
    world.look(page, "25 entries are marked as fine")
    world.visit(page, reverse("review_sign"), "Fine: 25")
    page.get_by_role("button", name="Sign", exact=True).click()
    world.look(page, "The rows do not verify")
    page.get_by_label("I know that row 2 does not verify").check()
    page.get_by_role("button", name="Sign", exact=True).click()
    world.look(page, "did not verify when this was signed")
    Review.objects.update(root="0" * 64)
    page.reload()
    world.look(page, "The audit log does not say this")
    world.visit(page, reverse("review_list"), "not what the log says")
    world.visit(page, f"{reverse('review_entries')}?show=given_away", "No such entry since the last review")
