import { Prng } from '@varve/base';
import {
  backgroundContract,
  busContract,
  busInterruptionContract,
  catalogCacheContract,
  catalogStoreContract,
  clockContract,
  hintStoreContract,
  journalContract,
  passwordHasherContract,
  raftLogStoreContract,
  shardStoreContract,
  type Drive,
  type InterruptibleBuses,
  type Opened,
  type OpenedRaftLog,
} from '@varve/ports/contract';
import { SimBackground } from './sim-background.ts';
import { SimCatalogCache } from './sim-catalog-cache.ts';
import { SimCatalogStore } from './sim-catalog-store.ts';
import { SimClock } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimHintStore } from './sim-hint-store.ts';
import { SimJournal } from './sim-journal.ts';
import { SimNetwork } from './sim-network.ts';
import { SimPasswordHasher } from './sim-password-hasher.ts';
import { SimProcess } from './sim-process.ts';
import { damageRaftLog, SimRaftLogStore } from './sim-raft-log-store.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { SimShardStore } from './sim-shard-store.ts';

// Methodology: each suite that the real adapters pass runs on the simulated ports with several seeds. Every test gets a
// world of its own, whose events run until the test's body has ended.
const seedOfSeeds = new Prng(1);

for (const seed of Array.from({ length: 10 }, () => seedOfSeeds.uint32())) {
  let scheduler = new SimScheduler({ seed });
  const drive: Drive = (body) => {
    scheduler = new SimScheduler({ seed });
    return scheduler.runUntilSettled(body());
  };

  /** Starts a process on a disk; a crash kills it wherever it is and starts the next one on the same disk. */
  const startOn = <Port extends { close(): Promise<void> }>(
    disk: SimDisk,
    openPort: (process: SimProcess, disk: SimDisk) => Port,
  ): Opened<Port> => {
    const process = new SimProcess(scheduler, 'node');
    const port = openPort(process, disk);
    return {
      port,
      crash: async () => {
        process.kill();
        return startOn(disk, openPort);
      },
      reopen: async () => {
        await port.close();
        return startOn(disk, openPort);
      },
    };
  };
  const newDisk = (): SimDisk => new SimDisk(scheduler, 'disk');

  backgroundContract(`SimBackground (seed ${seed})`, async (tasks) => new SimBackground(new SimProcess(scheduler, 'node'), tasks), drive);
  journalContract(`SimJournal (seed ${seed})`, async () => startOn(newDisk(), (...on) => new SimJournal(...on)), drive);
  shardStoreContract(
    `SimShardStore (seed ${seed})`,
    async () => startOn(newDisk(), (...on) => new SimShardStore(...on)),
    drive,
  );
  hintStoreContract(`SimHintStore (seed ${seed})`, async () => startOn(newDisk(), (...on) => new SimHintStore(...on)), drive);
  catalogCacheContract(`SimCatalogCache (seed ${seed})`, async () => startOn(newDisk(), (...on) => new SimCatalogCache(...on)), drive);
  const startLogOn = (disk: SimDisk): OpenedRaftLog => {
    const { port, crash, reopen } = startOn(disk, (...on) => new SimRaftLogStore(...on));
    return {
      port,
      crash: async (fault) => {
        await crash();
        if (fault !== undefined) damageRaftLog(disk, fault);
        return startLogOn(disk);
      },
      reopen: async () => {
        await reopen();
        return startLogOn(disk);
      },
    };
  };
  raftLogStoreContract(`SimRaftLogStore (seed ${seed})`, async () => startLogOn(newDisk()), drive);
  catalogStoreContract(
    `SimCatalogStore (seed ${seed})`,
    async (options) => startOn(newDisk(), (...on) => new SimCatalogStore(...on, options)),
    drive,
  );
  passwordHasherContract(`SimPasswordHasher (seed ${seed})`, () => new SimPasswordHasher(new SimProcess(scheduler, 'node')), drive);
  clockContract(
    `SimClock (seed ${seed})`,
    () => new SimClock(new SimProcess(scheduler, 'node'), { skewMs: -700 }),
    drive,
  );
  const openBuses = async (): Promise<InterruptibleBuses> => {
    const network = new SimNetwork(scheduler);
    const [left, right] = [network.connect(new SimProcess(scheduler, 'left')), network.connect(new SimProcess(scheduler, 'right'))];
    const world = new SimProcess(scheduler, 'test');
    const onBoth = (what: 'cutOff' | 'reconnect') => () =>
      world.perform(1, `does ${what}`, () => {
        left[what]();
        right[what]();
      });
    return { left, right, settle: () => world.perform(1_000, 'settles', () => undefined), cut: onBoth('cutOff'), restore: onBoth('reconnect') };
  };
  busContract(`SimBus (seed ${seed})`, openBuses, drive);
  busInterruptionContract(`SimBus (seed ${seed})`, openBuses, drive);
}
