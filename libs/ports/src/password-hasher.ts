/**
 * Passwords as what may be kept of them. A hash is a text that says how it was made, so that hashes of different strengths may
 * stand beside each other; only this port looks inside. Both calls take the time of many thousand hashes: that is their purpose.
 */
export interface PasswordHasher {
  /** Another text each time, for the same password too: nobody sees from two hashes that two users have one password. */
  hash(password: string): Promise<string>;
  /** Whether this is the password that the hash was made of. A text that is no hash belongs to no password. */
  verify(password: string, hash: string): Promise<boolean>;
}
