"""Single sign-on: signing in through an identity provider, by OpenID Connect's code flow with PKCE.

`flows.py` begins one and takes its answer, `provider.py` and `id_tokens.py` say what the provider states, `matching.py` whose
it is, `views.py` are the pages. A session begins in `signing_in.py` as any other. Decision 25 has the reasons.
"""
