export { isTestFile, readRooms, readSource, REPOSITORY } from './rooms.ts';
export type { Room } from './rooms.ts';
