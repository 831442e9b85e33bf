/** A member of an `IndexedSet`. Only the set changes its index. */
export interface Indexed {
  index: number;
}

/**
 * A set for members that are added and removed with each request. A Map or Set that changes that often leaves a
 * chain of outgrown tables. The chain keeps removed members from being collected as young garbage.
 */
export class IndexedSet<Member extends Indexed> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    member.index = this.#members.length;
    this.#members.push(member);
  }

  /** Removes a member of the set. Must not be called twice for one member. */
  remove(member: Member): void {
    const last = this.#members.pop()!;
    if (last === member) return;
    last.index = member.index;
    this.#members[member.index] = last;
  }

  [Symbol.iterator](): Iterator<Member> {
    return this.#members.values();
  }
}
