"""Fills in and sends the forms of pages over HTTP, as a browser without JavaScript does."""

from html.parser import HTMLParser
from typing import Any

import httpx


class _Form(HTMLParser):
    """The fields of the form with this ID, or of the first form that has the field `having`, with their values on the page."""

    def __init__(self, page: str, *, having: str) -> None:
        super().__init__()
        self.having, self.found, self.action = having, False, ""
        self.fields: dict[str, list[str]] = {}
        self._is_inside, self._select, self._textarea = False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.found:
            self._is_inside, self.fields, self.action = True, {}, values.get("action", "")
        elif self._is_inside:
            self._add(tag, values)

    def _add(self, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea = name
            self.fields.setdefault(name, [""])
        elif tag == "option" and self._select:
            if "selected" in values or self._select not in self.fields:
                self.fields[self._select] = [values.get("value", "")]
        elif tag == "input" and name:
            is_choice = values.get("type") in {"checkbox", "radio"}
            chosen = self.fields.setdefault(name, [])
            if not is_choice or "checked" in values:
                chosen.append(values.get("value", "on" if is_choice else ""))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.fields[self._textarea][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "form" and self._is_inside:
            self._is_inside = False
            self.found = self.found or self.having in self.fields


def fields_of(page: str, *, having: str) -> tuple[str, dict[str, list[str]]]:
    """Action and fields of the first form that has the field `having`."""
    form = _Form(page, having=having)
    assert form.found, f"no form with {having}"
    return form.action, form.fields


class FormBrowser:
    """Keeps cookies, the secure ones too as browsers do on loopback, and sends the forms of pages."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> httpx.Response:
        return self._request("GET", path)

    def send(self, path: str, *, having: str, **filled: str | list[str]) -> httpx.Response:
        """Open the page at `path`, fill in the form that has the field `having`, and send it."""
        page = self.get(path)
        assert page.status_code == 200, (path, page.status_code)
        return self.send_again(page, having=having, **filled)

    def send_again(self, page: httpx.Response, *, having: str, **filled: str | list[str]) -> httpx.Response:
        """Like `send`, for a page that is there already: its form as it stands, with what is filled in."""
        action, fields = fields_of(page.text, having=having)
        body = fields | {name: [value] if isinstance(value, str) else value for name, value in filled.items()}
        return self._request("POST", str(page.url.join(action)), data=body)

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Follows redirects."""
        for _ in range(5):
            cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            answer = self._client.request(method, path, headers={"Cookie": cookies}, **more)
            for line in answer.headers.get_list("set-cookie"):
                name, _, value = line.partition(";")[0].partition("=")
                self._cookies[name] = value
            if not answer.is_redirect:
                return answer
            method, path, more = "GET", answer.headers["Location"], {}
        raise AssertionError(f"too many redirects: {path}")
