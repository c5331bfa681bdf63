import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { bytesOfBase64, decode, PageError, unpack } from "../src/decode";
import { city } from "./city";
import { Encoder } from "./encode";

const PLAN = { kind: "plan", title: "x", twinhop: "1" };

describe("decode", () => {
  test("gives columns in the place of their numbers", () => {
    const page = decode(city({ users: 50, stations: 7, hosts: 3 }));
    assert.equal(page.users?.count, 50);
    assert.equal(page.plans?.[0].host.length, 50);
    assert.ok(page.stations?.x_m instanceof Float64Array);
    assert.ok(!("columns" in page));
  });

  test("sums rows, then scales", () => {
    const to = new Encoder();
    const x_m = to.column("i16", [10, 20, 1, -2, 1, 30000], { shape: [3, 2], delta: true, scale: 0.5, base: 100 });
    const page = decode(to.page({ ...PLAN, table: [{ title: "t", x_m }] }));
    const table = page.table as unknown as { x_m: Float32Array }[];
    assert.deepEqual([...table[0].x_m], [105, 110, 105.5, 109, 106, 15109]);
  });

  test("takes no users and no stations", () => {
    const to = new Encoder();
    const none = to.column("f64", []);
    const users = { count: 0 };
    const stations = { count: 0, id: [], x_m: none, y_m: none };
    const page = decode(to.page({ ...PLAN, users, stations, plans: [{ name: "p", cost: 0, host: none }] }));
    assert.equal(page.plans?.[0].host.length, 0);
  });

  test("looks at every world of a comparison, and at whom a sample names", () => {
    const worlds = (cost: number[], seed: unknown = [1, 2], policies: unknown = ["a", "b"]) => {
      const to = new Encoder();
      return to.page({ ...PLAN, kind: "comparison", worlds: { seed, policies, cost: to.column("f64", cost) } });
    };
    assert.equal(decode(worlds([1, 2, 3, 4])).worlds?.cost.length, 4);
    assert.throws(() => decode(worlds([1, 2, 3])), /worlds.cost has 3 values, not 4/);
    assert.throws(() => decode(worlds([1, 2, 3, 4], "1,2")), /worlds.seed is no list of numbers/);
    assert.throws(() => decode(worlds([1, 2, 3, 4], [1, 2], ["a", 7])), /worlds.policies is not 2 texts/);
    const sample = (index: number[]) => {
      const to = new Encoder();
      return to.page({ ...PLAN, users: { count: 2, of: 9, index: to.column("i32", index) } });
    };
    assert.equal(decode(sample([3, 8])).users?.index?.[1], 8);
    assert.throws(() => decode(sample([3, 9])), /users.index\[1\] is 9, and 0 to 8 would be in range/);
  });

  const good = () => city({ users: 9, stations: 4, hosts: 2 });
  const changed = (change: (text: string) => string): Uint8Array => {
    const bytes = good();
    const length = new DataView(bytes.buffer).getUint32(8, true);
    const text = change(new TextDecoder().decode(bytes.subarray(16, 16 + length)).trimEnd());
    const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
    const made = new Uint8Array(16 + header.length + bytes.length - 16 - length);
    made.set(bytes.subarray(0, 16));
    new DataView(made.buffer).setUint32(8, header.length, true);
    made.set(header, 16);
    made.set(bytes.subarray(16 + length), 16 + header.length);
    return made;
  };

  const broken: [string, () => Uint8Array, RegExp][] = [
    ["nothing", () => new Uint8Array(0), /no page of twinhop/],
    ["another file", () => new TextEncoder().encode("PK\u0003\u0004 and so on, and so on"), /no page of twinhop/],
    ["a cut header", () => good().slice(0, 100), /cut inside their header/],
    ["a cut column", () => good().slice(0, -16), /ends after the data/],
    ["another version", () => changed((text) => text.replace('"version":1', '"version":2')), /version 2.*version 1/],
    ["no JSON", () => changed((text) => text.slice(1)), /no JSON/],
    ["another kind", () => changed((text) => text.replace('"kind":"plan"', '"kind":"plot"')), /"plot"/],
    [
      "a column that is not there",
      () => changed((text) => text.replace('{"$column":0}', '{"$column":99}')),
      /no column 99/,
    ],
    ["an unknown type", () => changed((text) => text.replace('"type":"i32"', '"type":"i31"')), /not described/],
    [
      "another number of users",
      () => changed((text) => text.replace('"count":9', '"count":8')),
      /users.x_m has 9 values, not 8/,
    ],
    ["a negative offset", () => changed((text) => text.replace('"offset":0', '"offset":-8')), /not described/],
  ];
  for (const [name, bytes, message] of broken) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => decode(bytes()),
        (error) => error instanceof PageError && message.test(error.message),
      );
    });
  }

  test("refuses a host that is not there", () => {
    const to = new Encoder();
    const at = to.column("f64", [1]);
    const stations = { count: 1, id: ["a"], x_m: at, y_m: at };
    const page = to.page({
      ...PLAN,
      stations,
      users: { count: 1 },
      plans: [{ name: "p", cost: 1, host: to.column("i16", [1]) }],
    });
    assert.throws(() => decode(page), /plans\[0\]\.host\[0\] is 1, and -1 to 0/);
  });
});

describe("unpack", () => {
  test("undoes base64 and gzip", async () => {
    const bytes = city({ users: 3, stations: 2, hosts: 1 });
    const text = gzipSync(bytes).toString("base64");
    assert.deepEqual(await unpack(bytesOfBase64(`\n${text}\n`)), bytes);
  });

  test("refuses what is cut", async () => {
    const text = gzipSync(city()).subarray(0, -40).toString("base64");
    await assert.rejects(unpack(bytesOfBase64(text)), /cut or was changed/);
    assert.throws(() => bytesOfBase64("a$b"), /not base64/);
  });
});
