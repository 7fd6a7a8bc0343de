"""Servers and the account, as far as the stored token tells of them."""

from snapshots.api.endpoints import reading
from snapshots.api.endpoints.errors import ApiError
from snapshots.api.endpoints.http import Answer, Call, page_of
from snapshots.api.endpoints.resources import ANY_KEY, Resource
from snapshots.api.endpoints.shapes import (
    AccountAnswer,
    AccountItem,
    ServerPage,
    ServerQuery,
    TokenItem,
    server_item,
)
from snapshots.operations.rights import may_in_part

server_list = Resource("servers/", "api_servers")
account = Resource("account/me/", "api_account")


@server_list.method(
    "GET", right="snapshots.see", query=ServerQuery, answers={200: ServerPage}, summary="List all servers"
)
def list_servers(call: Call, query: ServerQuery) -> Answer:
    """Of those that the key reaches, with this status and location if they are given."""
    listed = reading.read(call)
    if listed.servers is None or not listed.servers_are_fresh:
        raise ApiError(403, "provider_forbidden", "The stored token of this key does not list servers now.")
    found = [
        one
        for one in listed.servers
        if call.reaches(one.id) and query.status in {"", one.status} and query.location in {"", one.location}
    ]
    shown, following = page_of(call, query, found)
    return Answer(ServerPage(len(found), [server_item(one) for one in shown], following))


@account.method("GET", right=ANY_KEY, answers={200: AccountAnswer}, summary="The key's account and rights")
def read_account(call: Call) -> Answer:
    """The provider's account as it was when the stored token was checked, and the key with its rights."""
    token = call.token if call.key.token_id else None
    item = AccountItem(token.account_email, token.account_name, "") if token else AccountItem("", "", "")
    rights = [
        one
        for one in call.key.rights
        if may_in_part(call.person, one) and (token is None or token.allows(one))
    ]
    return Answer(AccountAnswer(item, TokenItem(call.key.name, rights)))
