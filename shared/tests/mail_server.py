"""A mail server of one test: STARTTLS with a certificate, a login, and a line for everything that was said to it.

Arguments: the certificate and its key (PEM; `-` for a server without TLS), user, password. Prints its port first.
"""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

cert, key, user, password = sys.argv[1:]


def say(line):
    print(line, flush=True)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        say(f"MAIL {'tls' if session.ssl else 'clear'}")
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say("LETTER")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, auth):
    known = (auth.login.decode(), auth.password.decode()) == (user, password)
    say(f"LOGIN {'tls' if session.ssl else 'clear'} {'right' if known else 'wrong'}")
    return AuthResult(success=known, handled=known)


def protocol():
    if cert == "-":
        return SMTP(Handler(), authenticator=authenticate, auth_require_tls=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return SMTP(Handler(), authenticator=authenticate, tls_context=context, require_starttls=True)


async def main():
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
