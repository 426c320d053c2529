import { LIMITS } from '@varve/config';
import type { Catalog, Database, Subscription } from '@varve/model';
import { longNameProblem } from './names.ts';
import { applied, limitReached, policyOf, rejected, withDatabase, withPolicy, without, type Command, type Outcome } from './outcome.ts';

/** What InfluxDB takes as a destination: a scheme that it knows, a host and a port. */
const DESTINATION = /^(?:udp|https?):\/\/[^/?#\s]*:\d{1,5}(?:[/?#].*)?$/isu;

/** Unlike most things, a subscription cannot be created twice, not even the same one: as in InfluxDB. */
export function createSubscription(catalog: Catalog, command: Command<'createSubscription'>): Outcome {
  const { name, mode, destinations } = command;
  const wrong = destinations.find((each) => !DESTINATION.test(each));
  if (wrong !== undefined) return rejected(catalog, 'invalidSubscription', `invalid subscription URL: ${wrong}`);
  if (destinations.length === 0)
    return rejected(catalog, 'invalidSubscription', 'a subscription needs a destination');
  const { subscriptionCountMax, subscriptionDestinationCountMax, subscriptionUrlLengthMax } = LIMITS;
  if (destinations.length > subscriptionDestinationCountMax)
    return rejected(catalog, 'limitReached', `a subscription has at most ${subscriptionDestinationCountMax} destinations`);
  if (destinations.some((each) => each.length > subscriptionUrlLengthMax))
    return rejected(catalog, 'limitReached', `a destination has at most ${subscriptionUrlLengthMax} characters`);
  const found = policyOf(catalog, command);
  if ('result' in found) return found;
  const { database, policy } = found;
  if (name === '') return rejected(catalog, 'invalidName', 'invalid name');
  if (policy.subscriptions?.has(name) === true)
    return rejected(catalog, 'subscriptionExists', 'subscription already exists');
  const tooLong = longNameProblem(name);
  if (tooLong !== undefined) return rejected(catalog, 'invalidName', tooLong);
  if (subscriptionCountOf(database) >= subscriptionCountMax)
    return limitReached(catalog, `a database has at most ${subscriptionCountMax} subscriptions`);
  const added: Subscription = { name, mode, destinations };
  const subscriptions = new Map(policy.subscriptions).set(name, added);
  return applied(withDatabase(catalog, withPolicy(database, { ...policy, subscriptions })));
}

export function dropSubscription(catalog: Catalog, command: Command<'dropSubscription'>): Outcome {
  const found = policyOf(catalog, command);
  if ('result' in found) return found;
  const { database, policy } = found;
  const { subscriptions, ...rest } = policy;
  if (subscriptions?.has(command.name) !== true)
    return rejected(catalog, 'subscriptionNotFound', 'subscription not found');
  const left = without(subscriptions, command.name);
  const changed = left.size === 0 ? rest : { ...rest, subscriptions: left };
  return applied(withDatabase(catalog, withPolicy(database, changed)));
}

function subscriptionCountOf({ retentionPolicies }: Database): number {
  return [...retentionPolicies.values()].reduce((sum, { subscriptions }) => sum + (subscriptions?.size ?? 0), 0);
}
