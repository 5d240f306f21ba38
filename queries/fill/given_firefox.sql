-- given_firefox: checked figures of one file.
-- Params:  day, product, dau, mau.
INSERT INTO given_firefox (day, product, dau, mau)
VALUES (CAST(:day AS DATE), :product, :dau, :mau);
