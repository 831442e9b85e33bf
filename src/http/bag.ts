/** Something that a bag holds: its place is the bag's to set. */
export interface Held {
  place: number;
}

/**
 * A set for members that come and go with every request. A Map or Set that is changed so often leaves a trail
 * of its outgrown tables, each of which keeps the next one and what was in it from being collected as young
 * garbage, so that whole requests are taken for long-lived.
 */
export class Bag<Member extends Held> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Of a member, once. */
  remove(member: Member): void {
    const last = this.#members.pop()!;
    if (last === member) return;
    last.place = member.place;
    this.#members[member.place] = last;
  }

  [Symbol.iterator](): Iterator<Member> {
    return this.#members.values();
  }
}
