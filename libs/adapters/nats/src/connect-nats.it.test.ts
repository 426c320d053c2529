import { createServer, connect as connectSocket, type Socket } from 'node:net';
import { busContract, busInterruptionContract } from '@varve/ports/contract';
import { SILENT_LOG, type Bus, type Log } from '@varve/ports';
import { testThatNeeds } from '@varve/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { connectNats } from './connect-nats.ts';
import { findNatsServer, freePort, startNatsServer, type NatsServer } from './server/index.ts';

// Against a real nats-server, each test with one of its own. Without one these tests cannot run: that is a failure in CI.

const hasServer = findNatsServer() !== undefined;

if (hasServer) natsTests();
else testThatNeeds('nats-server (the package of that name, or NATS_SERVER_BIN)', hasServer)('the bus over NATS', natsTests);

function natsTests(): void {
  busContract('connectNats', openBoth);
  busInterruptionContract('connectNats', async () => {
    const server = await startedServer();
    return { ...(await bothOn(server)), cut: () => server.kill(), restore: () => server.restart() };
  });

  test('N2: without a server it waits, says so, and goes on when one is there', async () => {
    const port = await freePort();
    const warnings: string[] = [];
    const connecting = connectNats({ servers: [`127.0.0.1:${port}`], name: 'early', log: logInto(warnings) });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(warnings).toEqual(['Waiting for NATS: no server answers yet']);
    const server = await startNatsServer({ port });
    onTestFinished(() => server.stop());
    const bus = await connecting;
    onTestFinished(() => bus.close());
    expect(bus.status).toBe('connected');
  });

  test('N2: a name that nobody knows yet is waited for as well, until the wait is ended', async () => {
    const warnings: string[] = [];
    const ending = new AbortController();
    const connecting = connectNats({ servers: ['nats.invalid:4222'], name: 'early', log: logInto(warnings), signal: ending.signal });
    setTimeout(() => ending.abort(), 100);
    await expect(connecting).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    expect(warnings).toHaveLength(1);
  });

  test('nobody listens: a publish with an address for answers gets none', async () => {
    const { left, settle } = await openBoth();
    const inbox = left.newInbox();
    const answers: unknown[] = [];
    left.subscribe(inbox, (message) => answers.push(message));
    left.publish('varve.t.nobody', new Uint8Array(1), inbox);
    left.publish('varve.t.shard.1.write', new Uint8Array(1), inbox);
    await settle();
    expect(answers).toEqual([]);
  });

  test('what is published while the bus closes is sent or dropped: it never throws', async () => {
    const { left } = await openBoth();
    let isClosed = false;
    const closing = left.close().then(() => (isClosed = true));
    while (!isClosed) {
      left.publish('late', new Uint8Array(1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closing;
  });

  test('N3: a connection that is dead without a word is found out', async () => {
    const server = await startedServer();
    const wire = await startWire(server.address);
    onTestFinished(() => wire.close());
    const bus = await connectNats({ servers: [wire.address], name: 'cut', log: SILENT_LOG });
    onTestFinished(() => bus.close());
    const lost = new Promise((resolve) => bus.onStatus(resolve));
    wire.freeze();
    expect(await lost).toBe('disconnected');
  });

  test('N4: frames that wait on a full connection keep no heartbeat waiting', async () => {
    const { left, right, settle } = await openBoth();
    const order: string[] = [];
    right.subscribe('varve.t.shard.1.write', () => order.push('frame'));
    const heard = new Promise<void>((resolve) => {
      right.subscribe('varve.t.heartbeat', () => {
        order.push('heartbeat');
        resolve();
      });
    });
    await settle();
    const frame = new Uint8Array(2 ** 19);
    for (let count = 0; count < 100; count += 1) left.publish('varve.t.shard.1.write', frame);
    left.publish('varve.t.heartbeat', new Uint8Array(1));
    await heard;
    expect(order.filter((each) => each === 'frame').length).toBeLessThan(100);
  });
}

interface Both {
  readonly left: Bus;
  readonly right: Bus;
  readonly settle: () => Promise<void>;
}

async function openBoth(): Promise<Both> {
  return bothOn(await startedServer());
}

async function bothOn(server: NatsServer): Promise<Both> {
  const left = await connected(server);
  const right = await connected(server);
  return { left, right, settle: () => settled([left, right]) };
}

/** Once through the server for what was sent and subscribed, and once more for what it has sent on, on every connection. */
async function settled(buses: readonly Bus[]): Promise<void> {
  for (const bus of [...buses, ...buses]) {
    for (const nobody of ['nobody.here', 'varve.nobody.shard.0.write']) {
      await expect(bus.request(nobody, new Uint8Array(0), 5_000)).rejects.toMatchObject({ code: 'BUS_NO_RESPONDERS' });
    }
  }
}

async function startedServer(): Promise<NatsServer> {
  const server = await startNatsServer();
  onTestFinished(() => server.kill());
  return server;
}

async function connected(server: NatsServer): Promise<Bus> {
  const bus = await connectNats({ servers: [server.address], name: 'test', log: SILENT_LOG });
  onTestFinished(() => bus.close());
  return bus;
}

function logInto(warnings: string[]): Log {
  return { ...SILENT_LOG, warn: (message) => void warnings.push(message) };
}

/** A way to a server that can stop carrying anything without closing. */
async function startWire(to: string): Promise<{ readonly address: string; readonly freeze: () => void; readonly close: () => void }> {
  const sockets: Socket[] = [];
  let isFrozen = false;
  const wire = createServer((near) => {
    const far = connectSocket(Number(to.split(':')[1]), '127.0.0.1');
    sockets.push(near, far);
    near.on('data', (bytes) => !isFrozen && far.write(bytes));
    far.on('data', (bytes) => !isFrozen && near.write(bytes));
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(wire.address() as { port: number }).port}`,
    freeze: () => (isFrozen = true),
    close: () => {
      for (const socket of sockets) socket.destroy();
      wire.close();
    },
  };
}
