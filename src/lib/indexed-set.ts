/** Something that a bag holds: its place is the bag's to set. */
export interface Indexed {
  index: number;
}

/**
 * A set for members that come and go with every request. A Map or Set that is changed so often leaves a trail
 * of its outgrown tables, each of which keeps the next one and what was in it from being collected as young
 * garbage, so that whole requests are taken for long-lived.
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

  /** Of a member, once. */
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
