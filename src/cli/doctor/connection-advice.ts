const BY_CODE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its host does not resolve: check the name, and the DNS server of this machine',
  EAI_AGAIN: 'its host does not resolve: the DNS server of this machine does not respond',
  ECONNREFUSED: 'nothing listens on this port: check host and port',
  ECONNRESET: 'the connection was closed: check the port, http against https, and firewalls in between',
  UND_ERR_SOCKET: 'the connection was closed: check the port, http against https, and firewalls in between',
  ETIMEDOUT: 'the connection timed out: check routes and firewalls',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out: check routes and firewalls',
  UND_ERR_HEADERS_TIMEOUT: 'connected, but the response timed out',
  TOTAL_TIMEOUT: 'the response timed out: the server is slow, or a firewall drops packets',
  TIMEOUT: 'the response timed out: the server is slow, or a firewall drops packets',
  EHOSTUNREACH: 'no route leads to it',
  ENETUNREACH: 'no route leads to it from this machine',
  EADDRNOTAVAIL: 'EGRESS_LOCAL_ADDRESS is not an address of this machine: see ip addr',
  EAI_ADDRFAMILY:
    'the host has no address of the family of EGRESS_LOCAL_ADDRESS: set an IPv4 address for IPv4, an IPv6 address for IPv6',
  EINVAL: 'EGRESS_LOCAL_ADDRESS is of another address family than the host',
  CERT_HAS_EXPIRED: 'its certificate has expired: check the host, and the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: check the clock of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: check the host',
  TOO_LARGE: 'its response is too large',
  TRUNCATED: 'its response ended early',
};

const BY_FORM: readonly (readonly [RegExp, string])[] = [
  [/^HTTP_3/, 'it responds with a redirect, which is never followed: configure the target of the redirect'],
  [/^HTTP_(401|403)/, 'it rejects the call: look for a gateway or a firewall in front of it'],
  [/^HTTP_(404|410)/, 'the path does not exist: check the URL'],
  [/^HTTP_429/, 'it limits the rate of calls: wait, and run the doctor again'],
  [/^HTTP_4/, 'it rejects the request: check the URL, and look for a gateway in between'],
  [/^HTTP_5/, 'it has a server error: see its status page, and try again later'],
  [
    /CERT|SIGNATURE|ISSUER/,
    'its certificate is not trusted: set NODE_EXTRA_CA_CERTS if it is from a private CA',
  ],
  [/^(EPROTO|ERR_SSL)/, 'the TLS handshake failed: check https against http, and the port'],
  [
    /CONTENT_ENCODING_/,
    'it encodes its response although the request did not allow it: make it honour Accept-Encoding',
  ],
  [/^HPE_/, 'the server does not speak HTTP'],
];

/** Returns the advice for a failed connection or an invalid response, by its error code. */
export function connectionAdvice(code: string): string {
  return (
    BY_CODE[code] ??
    BY_FORM.find(([form]) => form.test(code))?.[1] ??
    'the response is not as documented: check the URL'
  );
}
