import { SETTING_KEYS, settingProblem, type Catalog } from '@varve/model';
import { featureLevelTooLow } from './nodes.ts';
import { nameProblem } from './names.ts';
import { applied, rejected, without, type Command, type Outcome } from './outcome.ts';

/** Meta nodes and coordinators; a name each, and they say themselves when they are gone. */
const REPORT_COUNT_MAX = 1_000;

export function setSetting(catalog: Catalog, { key: given, value }: Command<'setSetting'>): Outcome {
  const key = SETTING_KEYS.find((each) => each === given);
  if (key === undefined)
    return rejected(catalog, 'unknownSetting', `unknown setting "${given}": there are ${SETTING_KEYS.join(', ')}`);
  if (value === catalog.settings.get(key)) return applied(catalog);
  if (value === undefined) return applied({ ...catalog, settings: without(catalog.settings, key) });
  const wanted = settingProblem(key, value);
  if (wanted !== undefined) return rejected(catalog, 'invalidSetting', `setting ${key} is ${wanted}, not "${value}"`);
  return applied({ ...catalog, settings: new Map(catalog.settings).set(key, value) });
}

/** A member that is too old is told so, and counts for nothing. */
export function reportFeatureLevel(catalog: Catalog, { member, level }: Command<'reportFeatureLevel'>): Outcome {
  const problem = member.split('/').map(nameProblem).find((each) => each !== undefined);
  if (problem !== undefined) return rejected(catalog, 'invalidName', problem);
  const { featureReports } = catalog;
  if (featureReports.get(member) === level) return applied(catalog);
  if (level === 0)
    return applied(featureReports.has(member) ? { ...catalog, featureReports: without(featureReports, member) } : catalog);
  if (level < catalog.featureLevel) return featureLevelTooLow(catalog, member, level);
  if (featureReports.size >= REPORT_COUNT_MAX && !featureReports.has(member))
    return rejected(catalog, 'featureLevelUnsupported', `${featureReports.size} members have reported already`);
  return applied({ ...catalog, featureReports: new Map(featureReports).set(member, level) });
}

/** To a level that every member has reported (C31). One that was reached is raised already. */
export function raiseFeatureLevel(catalog: Catalog, { level }: Command<'raiseFeatureLevel'>): Outcome {
  if (level <= catalog.featureLevel) return applied(catalog);
  if (catalog.featureReports.size === 0)
    return rejected(catalog, 'featureLevelUnsupported', 'no meta node has reported which feature level it supports');
  const reports = [
    ...catalog.featureReports,
    ...[...catalog.nodes.values()].map((node) => [`${node.role}/${node.name}`, node.featureLevel ?? 1] as const),
  ];
  const behind = reports.filter(([, supported]) => supported < level).map(([member]) => member);
  if (behind.length > 0)
    return rejected(catalog, 'featureLevelUnsupported', `feature level ${level} is not supported by ${behind.join(', ')}`);
  return applied({ ...catalog, featureLevel: level });
}
