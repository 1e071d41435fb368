/** The same keys with other words; where one language counts with `_other` alone, another may add `_one`. */
export type Shape<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends readonly string[] ? readonly string[] : Shape<T[K]>;
} & { readonly [K in keyof T & string as K extends `${infer Stem}_other` ? `${Stem}_one` : never]?: string };
