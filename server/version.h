/* version.h: what we say we are. The level of Cassandra that clients may expect. */
#pragma once

#define ILION_VERSION "0.1.0"
#define ILION_RELEASE_VERSION "4.1.3"
#define ILION_CQL_VERSION "3.4.6"
#define ILION_THRIFT_VERSION "19.39.0"
#define ILION_NATIVE_VERSION "4"
