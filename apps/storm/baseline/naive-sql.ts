/** The tables of the naive worker, in the episode's database beside Rollcall's. */
export const naiveSql = `
CREATE SCHEMA naive;
CREATE TABLE naive.jobs (
  id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account       text NOT NULL,
  check_name    text NOT NULL,
  numbers       bigint[] NOT NULL,
  state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','active','completed','failed')),
  tries         integer NOT NULL DEFAULT 0,
  run_at        timestamptz NOT NULL DEFAULT now(),
  locked_until  timestamptz,
  locked_by     text,
  task_id       text,
  error         text
);
CREATE TABLE naive.results (
  check_name  text NOT NULL,
  number      bigint NOT NULL,
  outcome     text NOT NULL,
  PRIMARY KEY (check_name, number)
);
`;
