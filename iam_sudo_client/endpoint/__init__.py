"""Credentials that renew themselves, at an endpoint on this machine which every SDK knows to ask.

`renewal` keeps one role's credentials good, `server` answers for them and refuses everybody else,
`addresses` says where it may listen, `tokens` has the file of a token, `beside` is the process in
which it runs beside CMD.
They import `errors`, of `report` what may be told, and the core's `Credentials`: how credentials
are got is passed in. Listed are the modules that others may use.
"""

__all__ = ["addresses", "beside", "renewal", "server", "tokens"]
