export { startHttp } from './start-http.ts';
export type { HttpConfig, HttpOptions, HttpServer } from './start-http.ts';
