// SPDX-License-Identifier: Apache-2.0
// Breaks rule 1: an exception leaves query.
#include <stdexcept>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  (void)session;
  (void)sink;
  (void)status;
  if (graph->nnodes != 0) throw std::runtime_error("the driver is not there");
  return TENON_OK;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
