/** Laws of the brake on submissions. */
import { expect, it } from "vitest";
import type { SubmitLimits } from "../../../../src/cards/card.ts";
import {
  afterFailedStart,
  afterRefusal,
  afterTaken,
  afterWorker,
  type Brake,
  backoffSec,
  newBrake,
} from "../../../../src/executors/pilots/brake.ts";

const limits: SubmitLimits = {
  minIntervalSec: 2,
  commandTimeoutSec: 60,
  failsToPause: 4,
  startFailsToPause: 3,
};
const refuse = (brake: Brake, isPermanent = false): Brake =>
  afterRefusal(brake, { now: 0, message: "no", isPermanent }, limits);
const taken = afterTaken(newBrake, 0, limits);

it("pauses grow with refusals in a row, and end with the first that is taken", () => {
  const first = refuse(taken);
  const second = refuse(first);
  expect([first.nextAt, second.nextAt]).toEqual([
    1000 * (backoffSec[0] as number),
    1000 * (backoffSec[1] as number),
  ]);
  expect(refuse(afterTaken(second, 0, limits)).nextAt).toBe(first.nextAt);
});

it("the circuit breaks after fails_to_pause refusals, sooner for a card that was never taken, at once for what is permanent", () => {
  const stopsAfter = (start: Brake): number => {
    let brake = start;
    for (let count = 1; count < 20; count++) {
      brake = refuse(brake);
      if (brake.stopped !== null) return count;
    }
    return Number.POSITIVE_INFINITY;
  };
  expect(stopsAfter(taken)).toBe(4);
  expect(stopsAfter(newBrake)).toBe(3);
  expect(refuse(taken, true).stopped).toBe("no");
});

it("the circuit breaks after start_fails_to_pause failed starts in a row, and a proven block begins the count anew", () => {
  const fail = (brake: Brake): Brake => afterFailedStart(brake, { now: 0, message: "dead" }, limits);
  expect(fail(fail(taken)).stopped).toBeNull();
  expect(fail(fail(fail(taken))).stopped).toBe("dead");
  expect(fail(fail(afterWorker(fail(fail(taken))))).stopped).toBeNull();
});

it("the first reason is kept", () => {
  expect(afterFailedStart(refuse(taken, true), { now: 0, message: "dead" }, limits).stopped).toBe("no");
});
