"""Second factors of people: authenticator apps, passkeys and recovery codes; and the second step of a sign-in.

`models`, `authenticator`, `recovery` and `passkeys` know one kind each; `service` adds, removes and resets with a row in the log;
`kinds` says by which of them somebody can prove who it is. Nothing in snapshots knows of it.
"""
