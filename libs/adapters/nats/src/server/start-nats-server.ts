import { spawn, type ChildProcess } from 'node:child_process';
import { connect as connectSocket, createServer, type AddressInfo } from 'node:net';
import { findNatsServer } from './find-nats-server.ts';

const START_TIMEOUT_MS = 10_000;
const RETRY_INTERVAL_MS = 20;

/** A nats-server on loopback that this process has started. */
export interface NatsServer {
  /** `host:port`, for clients. */
  readonly address: string;
  readonly pid: number | undefined;
  /** As kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** On the same port. */
  restart(): Promise<void>;
  /** Lets it end well. */
  stop(): Promise<void>;
}

/** @throws Error when there is no nats-server on this machine, or it does not start */
export async function startNatsServer({ port }: { readonly port?: number } = {}): Promise<NatsServer> {
  const binary = findNatsServer();
  if (binary === undefined) throw new Error('there is no nats-server on this machine');
  const server = new LocalServer(binary, port ?? (await freePort()));
  await server.restart();
  return server;
}

class LocalServer implements NatsServer {
  readonly #binary: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(binary: string, port: number) {
    this.#binary = binary;
    this.#port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.#child = spawn(this.#binary, ['-a', '127.0.0.1', '-p', String(this.#port)], { stdio: 'ignore' });
    await untilListening(this.#port, this.#child);
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with code ${child.exitCode}`);
    if (performance.now() > endMs) throw new Error(`nats-server does not listen on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
