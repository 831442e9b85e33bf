/**
 * A fence around a write to the upstream. While a contact is closed, fetched data is served and shared, but not
 * stored. The holder ends the fence with `open` or `uncertain`. If its process dies, the contact stays closed
 * for twice `UPSTREAM_TIMEOUT_MS` + `WRITE_UNCERTAIN_S`. The protocol is in `cache/README.md`.
 */
export interface Fence {
  /**
   * Opens the contact without a generation, unless another write still has it closed. Resolves when no read that
   * starts later can be served older data, like `invalidate`.
   *
   * @throws AppError `CACHE_UNAVAILABLE` if the store cannot guarantee that; the opening is repeated.
   */
  open(): Promise<void>;
  /** Keeps the contact closed for `UPSTREAM_TIMEOUT_MS` + `WRITE_UNCERTAIN_S`, because the upstream may still carry out the write. */
  uncertain(): void;
}
