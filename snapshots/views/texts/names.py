"""Errors of a snapshot's name, shown while it is typed and when it is refused."""

from django.utils.translation import gettext as _

from snapshots import contract


def name_problem(name: str) -> str:
    """Everything that is wrong with a name; '' if contract.is_valid_name accepts it."""
    if contract.is_valid_name(name):
        return ""
    if not name:
        return _("Give the snapshot a name.")
    problems = []
    if len(name) > contract.NAME_MAX_LENGTH:
        problems.append(_("This name is too long: the maximum is %d characters.") % contract.NAME_MAX_LENGTH)
    if any(letter.isspace() for letter in name):
        problems.append(_("A name has no spaces: use hyphens, as in before-update."))
    rest = "".join(letter for letter in name if not letter.isspace())[: contract.NAME_MAX_LENGTH]
    if rest and not contract.is_valid_name(rest):
        problems.append(_("Only the letters a to z, digits, hyphens and underscores can be used."))
    return " ".join(problems)
