#include "coordinator/journal/kept_results.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"
#include "common/metrics/batch.h"

namespace lockstep::coordinator {
namespace {

using Part = AggregateStore::Part;

int64_t Signed(uint64_t count) {
  return static_cast<int64_t>(count);
}

// A batch with nothing but this aggregate.
std::string EncodePart(const Part& part) {
  Batch batch;
  batch.metrics.push_back(*part.metric);
  batch.tag_sets.push_back(part.tags);
  batch.series.push_back({.first_seen = part.first_seen, .aggregate = *part.aggregate});
  return EncodeBatch(batch);
}

}  // namespace

void KeptResults::Write(const AggregateStore& store, const ErrorTable& errors,
                        SqlChanges& changes) {
  store.ForEachPart(
      [&](const Aggregate& aggregate) {
        const auto found = rows_.find(&aggregate);
        return aggregate.count() != (found == rows_.end() ? 0 : found->second.samples);
      },
      [&](const Part& part) { WritePart(part, changes); });
  const AggregateStore::Counts counts = store.counts();
  if (!counts_written_ || counts.batches != counts_.batches || errors.folded() != folded_) {
    changes.Add(
        "INSERT OR REPLACE INTO counts (run, batches, samples, refused_points, refused_samples, "
        "folded_errors) VALUES (?,?,?,?,?,?)",
        {run_, Signed(counts.batches), Signed(counts.samples), Signed(counts.refused_points),
         Signed(counts.refused_samples), Signed(errors.folded())});
    counts_ = counts;
    folded_ = errors.folded();
    counts_written_ = true;
  }
  WriteErrors(errors, changes);
}

void KeptResults::WritePart(const Part& part, SqlChanges& changes) {
  Row& row = rows_[part.aggregate];
  row.samples = part.aggregate->count();
  const Blob state{EncodePart(part)};
  if (row.id != 0) {
    changes.Add("UPDATE aggregate SET state = ? WHERE id = ?", {state, row.id});
    return;
  }
  row.id = ++last_id_;
  changes.Add("INSERT INTO aggregate (id, run, kind, submetric, state) VALUES (?,?,?,?,?)",
              {row.id, run_, static_cast<int64_t>(part.kind),
               part.key == nullptr ? std::string() : part.key->text, state});
}

void KeptResults::WriteErrors(const ErrorTable& errors, SqlChanges& changes) {
  const auto write = [&](const ErrorCount& error, const std::string& agent, uint64_t count) {
    uint64_t& written = errors_[absl::StrJoin({error.cause, error.method, error.name, agent},
                                              std::string(1, '\0'))];
    if (written == count) {
      return;
    }
    written = count;
    changes.Add(
        "INSERT OR REPLACE INTO error (run, cause, method, name, agent, count, first_unix_ns) "
        "VALUES (?,?,?,?,?,?,?)",
        {run_, error.cause, error.method, error.name, agent, Signed(count),
         error.first_unix_nanos});
  };
  for (const ErrorRow& row : errors.Rows()) {
    uint64_t of_nobody = row.error.count;
    for (const auto& [agent, count] : row.agents) {
      of_nobody -= count;
      write(row.error, agent, count);
    }
    write(row.error, "", of_nobody);
  }
}

absl::Status KeptResults::Read(AggregateStore* store, ErrorTable* errors) {
  LOCKSTEP_RETURN_IF_ERROR(ReadParts(store));
  LOCKSTEP_RETURN_IF_ERROR(ReadErrors(errors));
  return database_.Query(
      "SELECT batches, samples, refused_points, refused_samples, folded_errors FROM counts "
      "WHERE run = ?",
      {run_}, [&](const SqlRow& row) {
        counts_ = {static_cast<uint64_t>(row.Int(0)), static_cast<uint64_t>(row.Int(1)),
                   static_cast<uint64_t>(row.Int(2)), static_cast<uint64_t>(row.Int(3))};
        folded_ = static_cast<uint64_t>(row.Int(4));
        counts_written_ = true;
        store->PutBackCounts(counts_);
        errors->AddFolded(folded_);
      });
}

absl::Status KeptResults::ReadParts(AggregateStore* store) {
  absl::Status status;
  const auto put_back = [&](const SqlRow& row) -> absl::Status {
    LOCKSTEP_ASSIGN_OR_RETURN(const Batch batch, DecodeBatch(row.Text(3)));
    if (batch.series.size() != 1 || batch.metrics.size() != 1 || batch.tag_sets.size() != 1 ||
        row.Int(1) < 0 || row.Int(1) > static_cast<int64_t>(Part::Kind::kSeries)) {
      return absl::InvalidArgumentError("it is not an aggregate");
    }
    const SeriesDelta& series = batch.series.front();
    LOCKSTEP_ASSIGN_OR_RETURN(
        const Aggregate* const place,
        store->PutBack(static_cast<Part::Kind>(row.Int(1)), batch.metrics.front(), row.Text(2),
                       batch.tag_sets.front(), series.first_seen, series.aggregate));
    rows_[place] = {row.Int(0), place->count()};
    return absl::OkStatus();
  };
  LOCKSTEP_RETURN_IF_ERROR(
      database_.Query("SELECT id, kind, submetric, state FROM aggregate WHERE run = ? ORDER BY id",
                      {run_}, [&](const SqlRow& row) {
                        if (const absl::Status back = put_back(row); status.ok() && !back.ok()) {
                          status = absl::DataLossError(absl::StrCat(
                              "journal: aggregate ", row.Int(0), ": ", back.message()));
                        }
                      }));
  return status;
}

absl::Status KeptResults::ReadErrors(ErrorTable* errors) {
  return database_.Query(
      "SELECT cause, method, name, agent, count, first_unix_ns FROM error WHERE run = ? "
      "ORDER BY first_unix_ns, agent",
      {run_}, [&](const SqlRow& row) {
        const ErrorCount error{.cause = row.Text(0),
                               .method = row.Text(1),
                               .name = row.Text(2),
                               .count = static_cast<uint64_t>(row.Int(4)),
                               .first_unix_nanos = row.Int(5)};
        const std::string agent = row.Text(3);
        errors_[absl::StrJoin({error.cause, error.method, error.name, agent},
                              std::string(1, '\0'))] = error.count;
        if (error.count > 0) {
          errors->Add(error, agent);
        }
      });
}

}  // namespace lockstep::coordinator
