"""The help page: all sections, those for one's own role, or those in which words are found."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from snapshots.views.access import requires
from snapshots.views.forms.find import HelpForm
from snapshots.views.help_sections import found_in, marked, sections_for, words_of


@requires("signed_in", "GET", "HEAD")
def help_page(request: HttpRequest) -> HttpResponse:
    form = HelpForm(request.GET)
    words = words_of(form.cleaned_data["q"]) if form.is_valid() else []
    everything = sections_for(request.user)
    is_mine = request.GET.get("for") == "me"
    shown = [one for one in everything if one.is_for_reader] if is_mine else everything
    any_word = not found_in(everything, words)
    found = found_in(shown, words, any_word=any_word)
    context = {
        "form": form,
        "is_search": bool(words),
        "is_mine": is_mine,
        "sections": [(one, marked(one.title_html, words)) for one in found],
        "mine": [one for one in found if one.is_for_reader],
        "others": [one for one in found if not one.is_for_reader],
        "left_out": len(found_in(everything, words, any_word=any_word)) - len(found),
        "is_partial": any_word,
    }
    return render(request, "help/help_page.html", context)
