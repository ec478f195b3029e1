/** Keys of `teacher`: the network that labels the data. A key that is not given is the student's. */
import { z } from "zod";
import { oneOf, orNull, realNumber, wholeNumber } from "./fields.ts";
import { activationNames, hiddenWidths } from "./model.ts";

const asStudent = "as the student";

/** Schema of a teacher block; the empty block is the student's architecture with weights of its own. */
export const teacherSchema = z.strictObject({
  depth: orNull(wholeNumber("Number of hidden layers.", 0), asStudent).optional(),
  widths: orNull(hiddenWidths("Widths of the hidden layers, first to last."), asStudent).optional(),
  target_params: orNull(
    wholeNumber("Budget of parameters: the largest constant width that does not exceed it.", 1),
    asStudent,
  ).optional(),
  hidden: orNull(wholeNumber("Width of every hidden layer.", 1), asStudent).optional(),
  activation: orNull(oneOf("Activation of the hidden layers.", activationNames), asStudent).optional(),
  dropout_rate: realNumber("Probability with which a clean label is set to 0, before the noise.", {
    min: 0,
    below: 1,
  }).optional(),
});

export type TeacherConfig = z.output<typeof teacherSchema>;
