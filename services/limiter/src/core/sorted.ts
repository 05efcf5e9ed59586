interface Node<T> {
  readonly item: T;
  readonly weight: number;
  /** Of its subtree. */
  size: number;
  /** The smallest measure in its subtree. */
  min: number;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
}

/**
 * A sorted set with logarithmic lookups and updates: a treap whose nodes know the size of their subtree. It needs a
 * total order: two items of which neither goes before the other are the same item.
 */
export class Sorted<T> {
  readonly #goesBefore: (a: T, b: T) => boolean;
  readonly #measure: (item: T) => number;
  #root: Node<T> | undefined;
  #seed = 0x2545f491;

  /** @param measure maps an item to a number; `min` is the smallest of them */
  constructor(goesBefore: (a: T, b: T) => boolean, measure: (item: T) => number) {
    this.#goesBefore = goesBefore;
    this.#measure = measure;
  }

  get size(): number {
    return this.#root?.size ?? 0;
  }

  /** The smallest measure; Infinity for an empty set. */
  get min(): number {
    return this.#root?.min ?? Infinity;
  }

  first(): T | undefined {
    let node = this.#root;
    while (node?.left) node = node.left;
    return node?.item;
  }

  /** The number of items before this one, which need not be in the set. */
  rankOf(item: T): number {
    let rank = 0;
    for (let node = this.#root; node;) {
      if (this.#goesBefore(node.item, item)) {
        rank += 1 + (node.left?.size ?? 0);
        node = node.right;
      } else node = node.left;
    }
    return rank;
  }

  /** The item with `rank` others before it; undefined beyond the last. */
  at(rank: number): T | undefined {
    let before = rank;
    for (let node = this.#root; node;) {
      const left = node.left?.size ?? 0;
      if (before === left) return node.item;
      if (before < left) node = node.left;
      else {
        before -= left + 1;
        node = node.right;
      }
    }
    return undefined;
  }

  /** How many items a condition holds for, which holds for none after the first one that it doesn't hold for. */
  leading(holds: (item: T) => boolean): number {
    let count = 0;
    for (let node = this.#root; node;) {
      if (holds(node.item)) {
        count += 1 + (node.left?.size ?? 0);
        node = node.right;
      } else node = node.left;
    }
    return count;
  }

  add(item: T): void {
    this.#root = this.#insert(this.#root, item);
  }

  delete(item: T): void {
    this.#root = this.#remove(this.#root, item);
  }

  *[Symbol.iterator](): Generator<T> {
    const path: Node<T>[] = [];
    for (let node = this.#root; node || path.length > 0;) {
      if (node) {
        path.push(node);
        node = node.left;
        continue;
      }
      const next = path.pop() as Node<T>;
      yield next.item;
      node = next.right;
    }
  }

  #insert(node: Node<T> | undefined, item: T): Node<T> {
    if (!node) {
      return {
        item,
        weight: this.#random(),
        size: 1,
        min: this.#measure(item),
        left: undefined,
        right: undefined,
      };
    }
    if (this.#goesBefore(item, node.item)) {
      node.left = this.#insert(node.left, item);
      return node.left.weight > node.weight ? this.#rotateRight(node, node.left) : this.#updated(node);
    }
    if (this.#goesBefore(node.item, item)) {
      node.right = this.#insert(node.right, item);
      return node.right.weight > node.weight ? this.#rotateLeft(node, node.right) : this.#updated(node);
    }
    return node;
  }

  #remove(node: Node<T> | undefined, item: T): Node<T> | undefined {
    if (!node) return undefined;
    if (this.#goesBefore(item, node.item)) node.left = this.#remove(node.left, item);
    else if (this.#goesBefore(node.item, item)) node.right = this.#remove(node.right, item);
    else return this.#merged(node.left, node.right);
    return this.#updated(node);
  }

  #merged(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
    if (!left) return right;
    if (!right) return left;
    if (left.weight > right.weight) {
      left.right = this.#merged(left.right, right);
      return this.#updated(left);
    }
    right.left = this.#merged(left, right.left);
    return this.#updated(right);
  }

  #rotateRight(node: Node<T>, left: Node<T>): Node<T> {
    node.left = left.right;
    left.right = this.#updated(node);
    return this.#updated(left);
  }

  #rotateLeft(node: Node<T>, right: Node<T>): Node<T> {
    node.right = right.left;
    right.left = this.#updated(node);
    return this.#updated(right);
  }

  #updated(node: Node<T>): Node<T> {
    const { left, right } = node;
    node.size = 1 + (left?.size ?? 0) + (right?.size ?? 0);
    node.min = Math.min(this.#measure(node.item), left?.min ?? Infinity, right?.min ?? Infinity);
    return node;
  }

  /** Marsaglia's xorshift: the tree stays balanced as long as weights don't follow the order. */
  #random(): number {
    this.#seed ^= this.#seed << 13;
    this.#seed ^= this.#seed >>> 17;
    this.#seed ^= this.#seed << 5;
    return this.#seed;
  }
}
