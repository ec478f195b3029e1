/** Retries of a sweep's tasks as the cards say that run them: each card for the kinds of task that it takes. */
import type { Card } from "../../cards/card.ts";
import { kindOfClass, type TaskKind, taskClasses } from "../../core/task-class.ts";
import { defaultRetryPolicy, type RetryBudgets, type RetryPolicy } from "../../queue/retry-policy.ts";

/** `retries`: of the experiment, for cards that say nothing. */
export const retryPolicyOf = (cards: readonly Card[], retries: number): RetryPolicy => ({
  ...defaultRetryPolicy,
  budgets: budgetsOf(cards, retries),
  budgetsByKind: Object.fromEntries(
    taskClasses.map(kindOfClass).map(
      (kind) =>
        [
          kind,
          budgetsOf(
            cards.filter((card) => takes(card, kind)),
            retries,
          ),
        ] as const,
    ),
  ),
});

/** Of tasks that any of these cards may run; without cards as without a word of one. */
const budgetsOf = (cards: readonly Card[], retries: number): RetryBudgets => ({
  ...defaultRetryPolicy.budgets,
  task_error: largest(cards.map((card) => card.retries ?? retries)) ?? retries,
  worker_lost: largest(cards.map(({ crashLimit }) => crashLimit)) ?? defaultRetryPolicy.budgets.worker_lost,
});

const largest = (numbers: readonly number[]): number | null =>
  numbers.length === 0 ? null : Math.max(...numbers);

const takes = (card: Card, kind: TaskKind): boolean => {
  const groups = card.type === "local" ? card.executors : [card.worker];
  return groups.some(({ serves }) => serves === null || serves.includes(kind));
};
