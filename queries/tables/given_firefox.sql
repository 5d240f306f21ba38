-- given_firefox: a working table for the figures of one file.
DROP TABLE IF EXISTS given_firefox;

CREATE TEMPORARY TABLE given_firefox (
  day DATE NOT NULL,
  product VARCHAR(16) NOT NULL,
  dau BIGINT NOT NULL,
  mau BIGINT NOT NULL
);
