/** The variables that decide the address of a port. */
export interface AddressVariables {
  readonly host: string;
  readonly port: string;
}

export interface ListenIssue {
  /** The variable to change. */
  readonly variable: string;
  readonly advice: string;
}

/** Names the variable that keeps a server from listening, by the code of Node's error. */
export function listenIssue(code: string | undefined, { host, port }: AddressVariables): ListenIssue {
  if (code === 'EADDRINUSE') return { variable: port, advice: `choose another ${port}, which is in use` };
  if (code === 'EACCES')
    return { variable: port, advice: `choose a ${port} from 1024 on, or permit this process to bind it` };
  return { variable: host, advice: `set ${host} to an address of this machine, or leave it out` };
}
