/** Whether a name means the time of points. */
export function isTimeName(name: string): boolean {
  return name === 'time' || (name.length === 4 && name.toLowerCase() === 'time');
}
