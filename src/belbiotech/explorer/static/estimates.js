// Kaplan-Meier and Aalen-Johansen from counted rows, step by step as the package computes them
// (survival/curves/influence.py), so that the numbers are equal.
"use strict";
globalThis.belbiotech ??= {};
(() => {
  /**
   * A group's numbers at each time at which a row ends: at risk where start < t <= stop.
   * @param {{columns: object, n: number[]}} counted rows, each standing for n firm-years
   * @param {number[]} places of the group's rows
   * @param {string[]} outcomes columns of 0 and 1
   */
  const riskTable = (counted, places, outcomes) => {
    const { columns, n } = counted;
    const time = [...new Set(places.map((k) => columns.stop[k]))].sort((a, b) => a - b);
    const sum = (which, weight) =>
      places.reduce((total, k) => total + (which(k) ? weight(k) : 0), 0);
    const atRisk = time.map((t) =>
      sum((k) => columns.start[k] < t && t <= columns.stop[k], (k) => n[k]));
    const events = time.map((t) =>
      outcomes.map((name) => sum((k) => columns.stop[k] === t, (k) => n[k] * columns[name][k])));
    const hazard = events.map((row, j) => row.map((d) => (d > 0 && atRisk[j] > 0 ? d / atRisk[j] : 0)));
    return { time, atRisk, events, hazard };
  };

  const total = (row) => row.reduce((sum, value) => sum + value, 0);

  /** Survival S = S_(1 - sum h) and incidences F_k = F_k_ + S_ h_k, by time. */
  const curves = ({ hazard }) => {
    let before = 1;
    let reached = hazard.length ? hazard[0].map(() => 0) : [];
    return hazard.map((h) => {
      reached = reached.map((f, k) => f + before * h[k]);
      before *= Math.max(1 - total(h), 0);
      return { survival: before, incidence: reached };
    });
  };

  /** Variances of both in the manner of Greenwood: the events of a time are multinomial. */
  const variances = (table) => {
    const { atRisk, hazard } = table;
    const reached = curves(table);
    let [before, ss] = [1, 0];
    let sf = hazard.length ? hazard[0].map(() => 0) : [];
    let ff = sf;
    return hazard.map((h, j) => {
      if (h.some((value) => value > 0)) {
        const all = Math.min(total(h), 1);
        const unit = before ** 2 / atRisk[j];
        ff = ff.map((f, k) => f + 2 * h[k] * sf[k] + h[k] ** 2 * ss + unit * h[k] * (1 - h[k]));
        sf = sf.map((f, k) => (1 - all) * (f + h[k] * ss) - unit * h[k] * (1 - all));
        ss = (1 - all) ** 2 * ss + unit * all * (1 - all);
      }
      before = reached[j].survival;
      return { survival: Math.max(ss, 0), incidence: ff.map((f) => Math.max(f, 0)) };
    });
  };

  /** Limits on the log-log scale; none at 0 and 1, as in R. */
  const limits = (p, error, z) => {
    if (p <= 0 || p >= 1 || Number.isNaN(error)) return { lower: NaN, upper: NaN };
    const step = (z * (error === 0 ? 0 : error / p)) / Math.log(p);
    const inner = Math.log(-Math.log(p));
    return { lower: Math.exp(-Math.exp(inner - step)), upper: Math.exp(-Math.exp(inner + step)) };
  };

  const line = (table, j, events, estimate, error, z) => ({
    time: table.time[j], atRisk: table.atRisk[j], events, estimate, error, ...limits(estimate, error, z),
  });

  /** Share that has not yet had the outcome: a row a time, with the package's columns. */
  const kaplanMeier = (counted, places, outcome) => {
    const table = riskTable(counted, places, [outcome]);
    const found = curves(table);
    const spread = variances(table);
    return found.map(({ survival }, j) => {
      const error = survival === 0 ? NaN : Math.sqrt(spread[j].survival);
      return line(table, j, table.events[j][0], survival, error, counted.z);
    });
  };

  /** Share that each of several fates has taken: an array of rows for each of them. */
  const cumulativeIncidence = (counted, places, fates) => {
    const table = riskTable(counted, places, fates);
    const found = curves(table);
    const spread = variances(table);
    return fates.map((_, k) => found.map(({ incidence }, j) =>
      line(table, j, table.events[j][k], incidence[k], Math.sqrt(spread[j].incidence[k]), counted.z)));
  };

  belbiotech.estimates = { kaplanMeier, cumulativeIncidence };
})();
