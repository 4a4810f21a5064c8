# Inference about quantiles of conditions weighted to the strata of both, by R's lm and clubSandwich (CR2, Satterthwaite): the
# share of outcomes not above a quantile is a contrast of the regression of zeros and ones on condition x stratum. Writes
# shares.csv (one row for each comparison, condition and probability) and differences.csv. For equal.csv, where clusters are
# equal within cells, survey.csv has the standard errors of the shares from the package survey, with conditions x strata as its
# strata; and for all designs its quantiles. To make them again: Rscript make_inference.R in this folder, after
# make_quantiles.py.
suppressMessages({library(clubSandwich); library(survey)})
num <- function(v) ifelse(is.na(v), "", sprintf("%.17g", v))
probabilities <- c(0.07, 0.1, 0.25, 0.5, 0.7, 0.9)
star <- "../r01m_star_mlmrev/data.csv"
cases <- list(
  list(design = "blocked", file = "blocked.csv", condition = "arm", control = "control", stratum = "stratum", cluster = "cluster", y = "y"),
  list(design = "equal", file = "equal.csv", condition = "arm", control = "control", stratum = "stratum", cluster = "cluster", y = "y"),
  list(design = "s08_strata_nested", file = "../s08_strata_nested/data.csv", condition = "arm", control = "control", stratum = "stratum", cluster = "school_id", y = "y"),
  list(design = "s09_strata_crossing", file = "../s09_strata_crossing/data.csv", condition = "treat", control = "0", stratum = "grade", cluster = "school_id", y = "y"),
  list(design = "star_schools", file = star, condition = "arm", control = "regular", stratum = "school_type", cluster = "school", y = "math"),
  list(design = "star_teachers", file = star, condition = "arm", control = "regular", stratum = "school_type", cluster = "teacher", y = "read")
)
shares <- differences <- surveys <- list()
for (case in cases) {
  all <- read.csv(case$file, colClasses = "character")
  all <- data.frame(arm = all[[case$condition]], stratum = all[[case$stratum]], cluster = all[[case$cluster]], y = as.numeric(all[[case$y]]))
  all <- all[!is.na(all$y), ]
  all$stratum[all$stratum == ""] <- "none"
  for (a in setdiff(sort(unique(all$arm)), case$control)) {
    d <- all[all$arm %in% c(a, case$control), ]
    both <- names(which(rowSums(table(d$stratum, d$arm) > 0) == 2))
    d <- d[d$stratum %in% both, ]
    d$stratum <- factor(d$stratum); d$arm <- factor(d$arm)
    counts <- table(d$stratum, d$arm)
    share <- rowSums(counts) / nrow(d)
    d$weight <- rowSums(counts)[d$stratum] / counts[cbind(as.character(d$stratum), as.character(d$arm))]
    weighted_quantile <- function(of, p) {
      if (p <= 0 || p > 1) return(NA)
      part <- d[d$arm == of, ]; part <- part[order(part$y), ]
      part$y[which(cumsum(part$weight) >= p * nrow(d) * (1 - 1e-12))[1]]
    }
    # Rows of the model matrix of condition x stratum, weighted by the shares of the strata.
    contrast <- function(of) {
      cells <- data.frame(arm = factor(of, levels(d$arm)), stratum = factor(levels(d$stratum), levels(d$stratum)))
      colSums(share * model.matrix(~ arm * stratum, cells))
    }
    for (p in probabilities) {
      found <- list()
      for (of in c(a, case$control)) {
        q <- weighted_quantile(of, p)
        d$below <- as.numeric(d$y <= q)
        fit <- lm(below ~ arm * stratum, d)
        vcov <- vcovCR(fit, cluster = d$cluster, type = "CR2")
        lc <- linear_contrast(fit, vcov, contrasts = matrix(contrast(of), 1), test = "Satterthwaite")
        s <- lc$SE; df <- lc$df
        limits <- function(level) { t <- qt(1 - (1 - level) / 2, df); c(weighted_quantile(of, p - t * s), weighted_quantile(of, p + t * s)) }
        w <- limits(0.95); l90 <- limits(0.9)
        found[[of]] <- list(q = q, u = (w[2] - w[1]) / (2 * qt(0.975, df) * s))
        shares[[length(shares) + 1]] <- data.frame(design = case$design, condition = a, of = of, probability = p, quantile = num(q),
          share = num(lc$Est), std_error = num(s), df = num(df), low = num(w[1]), high = num(w[2]), low90 = num(l90[1]), high90 = num(l90[2]))
        one <- svydesign(ids = ~cluster, strata = ~interaction(arm, stratum), weights = ~weight, data = d[d$arm == of, ], nest = TRUE)
        surveyed <- as.numeric(SE(svymean(~below, one)))
        surveys[[length(surveys) + 1]] <- data.frame(design = case$design, condition = a, of = of, probability = p,
          quantile = num(unname(coef(svyquantile(~y, one, p, qrule = "math", ci = FALSE)))),
          std_error = num(if (case$design == "equal") surveyed else NA))
      }
      d$below <- as.numeric(d$y <= sapply(as.character(d$arm), function(of) found[[of]]$q))
      u <- found[[a]]$u; v <- found[[case$control]]$u
      se <- df <- low <- high <- pv <- NA
      difference <- found[[a]]$q - found[[case$control]]$q
      if (!is.na(u) && !is.na(v)) {
        fit <- lm(below ~ arm * stratum, d)
        lc <- linear_contrast(fit, vcovCR(fit, cluster = d$cluster, type = "CR2"),
                              contrasts = matrix(u * contrast(a) - v * contrast(case$control), 1), test = "Satterthwaite")
        se <- lc$SE; df <- lc$df
        low <- difference - qt(0.975, df) * se; high <- difference + qt(0.975, df) * se
        pv <- 2 * pt(-abs(difference / se), df)
      }
      differences[[length(differences) + 1]] <- data.frame(design = case$design, condition = a, probability = p,
        difference = num(difference), se = num(se), df = num(df), p = num(pv), low = num(low), high = num(high))
    }
  }
}
save <- function(tables, file) write.csv(do.call(rbind, tables), file, row.names = FALSE, quote = FALSE)
save(shares, "shares.csv"); save(differences, "differences.csv"); save(surveys, "survey.csv")
cat("R", as.character(getRversion()), "clubSandwich", as.character(packageVersion("clubSandwich")), "survey", as.character(packageVersion("survey")), "\n")
