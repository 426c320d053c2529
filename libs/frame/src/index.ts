export { ColumnRoom } from './column-room.ts';
export { decodeFrame, decodeRows } from './decode-frame.ts';
export { encodeBodies, encodeFrames, encodeVoidFrame } from './encode-frame.ts';
export { FRAME_ROW_COUNT_MAX, FRAME_SIZE_BYTES_MAX } from './frame.ts';
export { frameHeader } from './frame-header.ts';
export { sealFrame } from './layout.ts';
export { encodeTombstone } from './tombstone-frame.ts';
export type { Frame, FrameColumn, FrameHeader, FrameKind, FrameRows, FrameSection, FrameSlice, FrameStamp, RowsFrame } from './frame.ts';
export type { FrameBody } from './layout.ts';
