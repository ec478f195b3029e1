/** Laws of reading what SLURM prints. The texts are of SLURM 22.05 and from its manual pages. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expandNodes,
  isHopeless,
  judgeRefusal,
  parseJobId,
  parseJobState,
  parseSacct,
  parseScontrolJobs,
  parseSqueue,
} from "../../../src/executors/slurm-status.ts";

describe("parseJobState", () => {
  it("knows every state by its long and its short name", () => {
    const pairs =
      "BF BOOT_FAIL,CA CANCELLED,CD COMPLETED,CF CONFIGURING,CG COMPLETING,DL DEADLINE,F FAILED,NF NODE_FAIL,OOM OUT_OF_MEMORY,PD PENDING,PR PREEMPTED,R RUNNING,RD RESV_DEL_HOLD,RF REQUEUE_FED,RH REQUEUE_HOLD,RQ REQUEUED,RS RESIZING,RV REVOKED,SI SIGNALING,SE SPECIAL_EXIT,SO STAGE_OUT,ST STOPPED,S SUSPENDED,TO TIMEOUT";
    for (const pair of pairs.split(",")) {
      const [short = "", long = ""] = pair.split(" ");
      expect(parseJobState(short)).toEqual(parseJobState(long));
      expect(parseJobState(long)).toMatchObject({ code: long });
      expect(parseJobState(long).phase).not.toBe("unknown");
    }
  });

  it("reads states with a remark or cut off, and takes all else for unknown", () => {
    expect(parseJobState("CANCELLED by 1001")).toEqual({ code: "CANCELLED", phase: "ended" });
    expect(parseJobState("OUT_OF_ME+")).toEqual({ code: "OUT_OF_MEMORY", phase: "ended" });
    expect(parseJobState("COMPLET+").phase).toBe("unknown");
    expect(parseJobState("SLEEPWALKING")).toEqual({ code: "SLEEPWALKING", phase: "unknown" });
    expect(parseJobState("").phase).toBe("unknown");
  });

  it("counts as pending what was requeued, and as not yet ended what SLURM still cleans up", () => {
    expect(["REQUEUED", "RH", "SE"].map((code) => parseJobState(code).phase)).toEqual(
      Array(3).fill("pending"),
    );
    expect(parseJobState("CG").phase).toBe("ending");
  });
});

describe("tables", () => {
  it("squeue: one entry a line; banners and names of clusters are left out", () => {
    const text = `*** maintenance on Monday ***
CLUSTER: east
17|lambda-hat.swp_1.a-1|RUNNING|n1|None
18|lambda-hat.swp_1.a-2|PENDING||Resources
19|x|PENDING|(null)|(ReqNodeNotAvail, UnavailableNodes:n2|n3)
20_4|y|NODE_FAIL|n[1-2]|NonZeroExitCode
`;
    expect(parseSqueue(text)).toEqual([
      { id: "17", name: "lambda-hat.swp_1.a-1", code: "RUNNING", phase: "running", nodes: "n1", reason: "" },
      {
        id: "18",
        name: "lambda-hat.swp_1.a-2",
        code: "PENDING",
        phase: "pending",
        nodes: "",
        reason: "Resources",
      },
      {
        id: "19",
        name: "x",
        code: "PENDING",
        phase: "pending",
        nodes: "",
        reason: "(ReqNodeNotAvail, UnavailableNodes:n2|n3)",
      },
      {
        id: "20_4",
        name: "y",
        code: "NODE_FAIL",
        phase: "ended",
        nodes: "n[1-2]",
        reason: "NonZeroExitCode",
      },
    ]);
  });

  it("sacct: the same, with the states of accounting", () => {
    expect(parseSacct("17|a|CANCELLED by 0|None assigned|None\n18|b|TIMEOUT|n1|\n")).toEqual([
      { id: "17", name: "a", code: "CANCELLED", phase: "ended", nodes: "", reason: "" },
      { id: "18", name: "b", code: "TIMEOUT", phase: "ended", nodes: "n1", reason: "" },
    ]);
  });

  it("scontrol: one job a line, fields by name", () => {
    const text =
      "JobId=3 JobName=a.b UserId=root(0) JobState=FAILED Reason=NonZeroExitCode Dependency=(null) ReqNodeList=(null) ExcNodeList=(null) NodeList=n1 BatchHost=n1 NumNodes=1\nslurm_load_jobs error: Invalid job id specified\n";
    expect(parseScontrolJobs(text)).toEqual([
      { id: "3", name: "a.b", code: "FAILED", phase: "ended", nodes: "n1", reason: "NonZeroExitCode" },
    ]);
  });

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const parse of [parseSqueue, parseSacct, parseScontrolJobs, expandNodes, parseJobState])
          parse(text);
        parseJobId(text, null);
        judgeRefusal(text);
      }),
    );
  });
});

describe("parseJobId", () => {
  it("finds the id of --parsable, also with a cluster and among other lines", () => {
    expect(parseJobId("17\n", null)).toBe("17");
    expect(parseJobId("17;east\n", null)).toBe("17");
    expect(parseJobId("Welcome to 42\nquota: 10 of 100\n17\n", null)).toBe("17");
    expect(parseJobId("Submitted batch job 17\n", null)).toBe("17");
    expect(parseJobId("Submitted\n", null)).toBeNull();
    expect(parseJobId("", null)).toBeNull();
  });

  it("takes what the card's pattern finds first", () => {
    expect(parseJobId("12\nyour job is #17!", "#(?<id>\\d+)")).toBe("17");
    expect(parseJobId("12", "#(?<id>\\d+)")).toBe("12");
  });
});

describe("judgeRefusal", () => {
  it("gives up on what the same card will never be given", () => {
    for (const text of [
      "sbatch: error: invalid partition specified: nope",
      "sbatch: error: Batch job submission failed: Invalid partition name specified",
      "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
      "sbatch: error: Batch job submission failed: Invalid qos specification",
      "sbatch: error: Batch job submission failed: Requested node configuration is not available",
      "sbatch: error: Batch job submission failed: Invalid feature specification",
      "sbatch: error: Batch job submission failed: Invalid generic resource (gres) specification",
      "sbatch: error: Memory specification can not be satisfied",
      "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
      "sbatch: unrecognized option '--frobnicate=1'",
    ])
      expect([text, judgeRefusal(text)]).toEqual([text, "permanent"]);
  });

  it("doubts wherever sbatch has not said that it did not queue the job", () => {
    for (const text of [
      "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
      "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
      "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
      "sbatch: error: spank: plugin failed in exit hook",
      "sbatch: error: spank: /etc/hook does not exist",
      "cp: cannot create '/var/log/jobs': Operation not permitted",
      "Killed",
      "",
    ])
      expect([text, judgeRefusal(text)]).toEqual([text, "in_doubt"]);
  });

  it("tries again on what sbatch refuses for now", () => {
    const refused =
      "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
    const text = `sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: ${refused}\n`;
    expect(judgeRefusal(text)).toBe("transient");
  });
});

describe("expandNodes", () => {
  it("writes out ranges with their zeros", () => {
    expect(expandNodes("n[1-2,7],gpu03")).toEqual(["n1", "n2", "n7", "gpu03"]);
    expect(expandNodes("c[08-10]")).toEqual(["c08", "c09", "c10"]);
    expect(expandNodes("")).toEqual([]);
  });
});

describe("isHopeless", () => {
  it("tells jobs that wait for ever from jobs that wait their turn", () => {
    expect(
      ["PartitionTimeLimit", "BadConstraints", "QOSMaxWallDurationPerJobLimit", "JobHeldUser"].map(
        isHopeless,
      ),
    ).toEqual(Array(4).fill(true));
    expect(["Resources", "Priority", "", "BeginTime", "QOSMaxCpuPerUserLimit"].map(isHopeless)).toEqual(
      Array(5).fill(false),
    );
  });
});
