const BY_CODE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its host does not resolve: check the name, and the DNS that this machine uses',
  EAI_AGAIN: 'its host does not resolve: the DNS that this machine uses does not answer',
  ECONNREFUSED: 'nothing listens there: check host and port',
  ECONNRESET: 'the connection was cut: check the port, http against https, and firewalls in between',
  UND_ERR_SOCKET: 'the connection was cut: check the port, http against https, and firewalls in between',
  ETIMEDOUT: 'no connection in time: check routes and firewalls',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time: check routes and firewalls',
  UND_ERR_HEADERS_TIMEOUT: 'connected, and no answer in time',
  TOTAL_TIMEOUT: 'no whole answer in time: it is slow, or a firewall drops what is sent',
  TIMEOUT: 'no whole answer in time: it is slow, or a firewall drops what is sent',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it from this machine',
  EADDRNOTAVAIL: 'EGRESS_LOCAL_ADDRESS is no address of this machine: see ip addr',
  EAI_ADDRFAMILY:
    'the host has no address of the family of EGRESS_LOCAL_ADDRESS: set an IPv4 address for IPv4, an IPv6 address for IPv6',
  EINVAL: 'EGRESS_LOCAL_ADDRESS is of another address family than the host',
  CERT_HAS_EXPIRED: 'its certificate has expired: check the host, and the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: check the clock of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: check the host',
  TOO_LARGE: 'its answer is larger than is taken',
  TRUNCATED: 'its answer ended early',
};

const BY_FORM: readonly (readonly [RegExp, string])[] = [
  [/^HTTP_3/, 'it answers with a redirect, which is never followed: configure where that leads'],
  [/^HTTP_(401|403)/, 'it refuses the call: look for a gateway or a firewall of its own in front of it'],
  [/^HTTP_4/, 'it does not know the path: check the address'],
  [/^HTTP_5/, 'it is in trouble itself: see its status page, and try again later'],
  [
    /CERT|SIGNATURE|ISSUER/,
    'its certificate is not trusted here: give a private authority in NODE_EXTRA_CA_CERTS',
  ],
  [/^(EPROTO|ERR_SSL)/, 'it speaks no TLS that is taken here: check https against http, and the port'],
  [/CONTENT_ENCODING_/, 'it encodes its answers although none was asked for: have it honour Accept-Encoding'],
  [/^HPE_/, 'what answers there does not speak HTTP'],
];

/** Returns the advice for a failed connection or an invalid response, by its error code. */
export function connectionAdvice(code: string): string {
  return (
    BY_CODE[code] ??
    BY_FORM.find(([form]) => form.test(code))?.[1] ??
    'what answers there is not what its documentation says: check the address'
  );
}
