/**
 * Names that are to be planned. A name is
 *
 *   due      it waits for the next refresh,
 *   in hand  the refresh under way has still to plan it,
 *
 * or neither, once it was planned. Only names are kept: what is planned is what the files and the state say by then.
 */
export class DueNames {
  #due = new Set<string>();
  #inHand = new Set<string>();
  #all = true;

  /** Makes every name due, those that the next refresh finds included; so they are at the start. */
  addEverything(): void {
    this.#all = true;
  }

  /** Called when a refresh has succeeded. @returns whether every name is due; once */
  takeEverything(): boolean {
    const all = this.#all;
    this.#all = false;
    return all;
  }

  add(name: string): void {
    this.#due.add(name);
  }

  /**
   * Takes everything that is due in hand.
   * @param first names that come before the others
   * @returns the names in hand; one that is taken out while they are gone through is passed over
   */
  takeInHand(first: readonly string[]): ReadonlySet<string> {
    this.#inHand = new Set([...first, ...this.#due]);
    this.#due = new Set();
    return this.#inHand;
  }

  /** The refresh under way has planned the name; it is due still if that was asked for meanwhile. */
  done(name: string): void {
    this.#inHand.delete(name);
  }

  /** The name is planned at once, out of turn: the refresh under way passes over it. */
  remove(name: string): void {
    this.#due.delete(name);
    this.#inHand.delete(name);
  }

  /** The refresh under way ends before its time: what is in hand is due again. */
  putBack(): void {
    for (const name of this.#inHand) this.#due.add(name);
    this.#inHand = new Set();
  }

  /** Whether a name is still to be planned. */
  has(name: string): boolean {
    return this.#due.has(name) || this.#inHand.has(name);
  }
}
